import type { Row } from './row.ts';
import { copyRows } from './rows/copy-rows.ts';
import { domainRows } from './rows/domain-rows.ts';
import { exportRows } from './rows/export-rows.ts';
import { imageRows } from './rows/image-rows.ts';
import { iterationRows } from './rows/iteration-rows.ts';
import { metadataRows } from './rows/metadata-rows.ts';
import { performanceRows } from './rows/performance-rows.ts';
import { predictionRows } from './rows/prediction-rows.ts';
import { labelRows } from './rows/label-rows.ts';
import { projectRows } from './rows/project-rows.ts';
import { suggestionRows } from './rows/suggestion-rows.ts';
import { tagRows } from './rows/tag-rows.ts';
import { uploadRows } from './rows/upload-rows.ts';

/** Every operation of Azure Custom Vision's API that is served, the training API first. */
export const rows: readonly Row[] = [
  ...domainRows,
  ...projectRows,
  ...copyRows,
  ...tagRows,
  ...uploadRows,
  ...imageRows,
  ...labelRows,
  ...metadataRows,
  ...suggestionRows,
  ...iterationRows,
  ...exportRows,
  ...performanceRows,
  ...predictionRows,
];
