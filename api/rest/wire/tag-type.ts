import type { TagType } from '../../../schema/enums.ts';
import type { tagTypes } from './models.ts';

export const wireTagType = (type: `${TagType}`): (typeof tagTypes)[number] =>
  type === 'NEGATIVE' ? 'Negative' : 'Regular';
