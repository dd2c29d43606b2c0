import type { Region } from '../../../schema/entities/region.entity.ts';
import { DomainError } from '../../errors.ts';

export type Box = Pick<Region, 'left' | 'top' | 'width' | 'height'>;

/** An edge that lies outside by no more was rounded: it is cut off instead of being refused. */
const tolerance = 0.001;
/** Nobody draws less by hand. */
const minimumSide = 0.001;
/** Less than a pixel could show. */
const equalWithin = 1e-6;

/** The box inside the picture. @throws DomainError that names field, limits and value */
export function checkedBox(field: string, box: Box): Box {
  const [left, width] = checkedSpan(field, box, 'left', 'width');
  const [top, height] = checkedSpan(field, box, 'top', 'height');
  return { left, top, width, height };
}

function checkedSpan(field: string, box: Box, edge: 'left' | 'top', side: 'width' | 'height'): [number, number] {
  const [start, end] = [box[edge], box[edge] + box[side]];
  checkRange(`${field}.${edge}`, start, -tolerance, 0);
  checkRange(`${field}.${edge} + ${side}`, end, -tolerance, 0);
  const inside = Math.max(0, start);
  // Untouched where nothing is cut, since adding and subtracting would change the last digits.
  const length = start < 0 || end > 1 ? Math.min(1, end) - inside : box[side];
  checkRange(`${field}.${side}`, length, minimumSide, minimumSide);
  return [inside, length];
}

function checkRange(field: string, value: number, least: number, min: number): void {
  if (value >= least && value <= 1 + tolerance) return;
  throw new DomainError('INVALID', `${field} must be ${min} to 1; it is ${value}.`, { field, min, max: 1, value });
}

export const isDrawable = ({ width, height }: Box): boolean => Math.min(width, height) >= minimumSide;

export const isSameBox = (a: Box, b: Box): boolean =>
  (['left', 'top', 'width', 'height'] as const).every((name) => Math.abs(a[name] - b[name]) <= equalWithin);
