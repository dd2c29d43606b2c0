import type { Raster } from '../images/image.ts';
import type { Patch, ViewPlan } from './view-plan.ts';

/** Where no picture lies, and the middle that contrast turns about. */
const grey = 127;

/**
 * Draws a view: bilinear, without smoothing before, so that sharp edges look alike at every scale.
 * @returns [3, side, side] RGB, normalised as (x - 127) / 128
 */
export function drawView(plan: ViewPlan, pictureOf: (index: number) => Raster, side: number): Float32Array {
  const rgb = new Float32Array(side * side * 3).fill(grey);
  for (const patch of plan.patches) drawPatch(rgb, patch, pictureOf(patch.picture), side);
  adjustColours(rgb, plan);
  return toPlanes(rgb, plan.isFlipped, side);
}

/** The two source pixels beside each pixel of a row or column, and the share of the second. */
interface Samples {
  /** First pixel of the view that is covered. */
  from: number;
  first: Int32Array;
  second: Int32Array;
  share: Float32Array;
}

function samplesAlong(start: number, length: number, low: number, high: number, sourceLength: number): Samples {
  // A pixel belongs to the patch when its centre does.
  const from = Math.ceil(Math.max(start, low) - 0.5);
  const count = Math.max(0, Math.ceil(Math.min(start + length, high) - 0.5) - from);
  const [first, second, share] = [new Int32Array(count), new Int32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    const at = ((from + i + 0.5 - start) * sourceLength) / length - 0.5;
    const inside = Math.min(Math.max(at, 0), sourceLength - 1);
    first[i] = Math.floor(inside);
    second[i] = Math.min(sourceLength - 1, Math.floor(inside) + 1);
    share[i] = inside - Math.floor(inside);
  }
  return { from, first, second, share };
}

function drawPatch(target: Float32Array, patch: Patch, { rgb, width, height }: Raster, side: number): void {
  const columns = samplesAlong(patch.left, patch.width, patch.clip.left, patch.clip.right, width);
  const rows = samplesAlong(patch.top, patch.height, patch.clip.top, patch.clip.bottom, height);
  for (let y = 0; y < rows.first.length; y++) {
    const upper = (rows.first[y] as number) * width * 3;
    const lower = (rows.second[y] as number) * width * 3;
    const down = rows.share[y] as number;
    let at = ((rows.from + y) * side + columns.from) * 3;
    for (let x = 0; x < columns.first.length; x++) {
      const left = (columns.first[x] as number) * 3;
      const right = (columns.second[x] as number) * 3;
      const across = columns.share[x] as number;
      for (let c = 0; c < 3; c++, at++) {
        const above = mix(rgb[upper + left + c] as number, rgb[upper + right + c] as number, across);
        const below = mix(rgb[lower + left + c] as number, rgb[lower + right + c] as number, across);
        target[at] = mix(above, below, down);
      }
    }
  }
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function adjustColours(rgb: Float32Array, { contrast, brightness, saturation }: ViewPlan): void {
  if (contrast === 1 && brightness === 1 && saturation === 1) return;
  const light = (value: number): number => ((value - grey) * contrast + grey) * brightness;
  for (let at = 0; at < rgb.length; at += 3) {
    const [r, g, b] = [light(rgb[at] as number), light(rgb[at + 1] as number), light(rgb[at + 2] as number)];
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    rgb[at] = clamp(mix(luma, r, saturation));
    rgb[at + 1] = clamp(mix(luma, g, saturation));
    rgb[at + 2] = clamp(mix(luma, b, saturation));
  }
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, value));
}

function toPlanes(rgb: Float32Array, isFlipped: boolean, side: number): Float32Array {
  const plane = side * side;
  const input = new Float32Array(3 * plane);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = (y * side + (isFlipped ? side - 1 - x : x)) * 3;
      const to = y * side + x;
      for (let c = 0; c < 3; c++) input[c * plane + to] = ((rgb[from + c] as number) - 127) / 128;
    }
  }
  return input;
}
