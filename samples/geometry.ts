export interface Point {
  x: number;
  y: number;
}

/** An SVG matrix(a b c d e f). */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Coordinates are fractions 0..1 of the photograph. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Placement {
  centreX: number;
  centreY: number;
  /** Side of the 100 × 100 drawing once placed, in pixels. */
  sizePx: number;
  rotationRad: number;
  /** How far the sign is turned away from us: 1 is face on. */
  squeeze: number;
  /** Vertical shear, which together with the squeeze stands in for perspective. */
  shear: number;
}

/** Maps the 100 × 100 drawing, centred on (50, 50), into the photograph. */
export function matrixOf(place: Placement): Matrix {
  const scale = place.sizePx / 100;
  const cos = Math.cos(place.rotationRad) * scale;
  const sin = Math.sin(place.rotationRad) * scale;
  const a = cos * place.squeeze - sin * place.shear;
  const b = sin * place.squeeze + cos * place.shear;
  const e = place.centreX - 50 * (a - sin);
  const f = place.centreY - 50 * (b + cos);
  return [a, b, -sin, cos, e, f];
}

export const svgMatrix = (matrix: Matrix): string => `matrix(${matrix.map((value) => value.toFixed(4)).join(' ')})`;

const apply = ([a, b, c, d, e, f]: Matrix, { x, y }: Point): Point => ({ x: a * x + c * y + e, y: b * x + d * y + f });

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** The upright box round an outline after it is placed, cut at the photograph's edges. */
export function boxOf(outline: readonly Point[], matrix: Matrix, sizePx: number): Box {
  const placed = outline.map((point) => apply(matrix, point));
  const xs = placed.map(({ x }) => x / sizePx);
  const ys = placed.map(({ y }) => y / sizePx);
  const left = clamp(Math.min(...xs));
  const top = clamp(Math.min(...ys));
  return { left, top, width: clamp(Math.max(...xs)) - left, height: clamp(Math.max(...ys)) - top };
}

export function polygon(corners: number, radius: number, turnDegrees: number, centreY = 50): Point[] {
  return Array.from({ length: corners }, (_, index) => {
    const angle = ((index * 360) / corners + turnDegrees) * (Math.PI / 180);
    return { x: 50 + radius * Math.cos(angle), y: centreY + radius * Math.sin(angle) };
  });
}

export const svgPoints = (points: readonly Point[]): string =>
  points.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(' ');
