import { seededRandom } from './random.ts';

/**
 * Draws as many pictures as there are, with replacement, again and again: how far a figure scatters over these draws says
 * how far it can be trusted. The draws are the same at every call.
 * @param each is given how often each picture was drawn; the array is used again for the next draw
 */
export function forEachResample(pictures: number, resamples: number, each: (weight: Uint16Array) => void): void {
  const random = seededRandom(1);
  const weight = new Uint16Array(pictures);
  for (let r = 0; r < resamples; r++) {
    weight.fill(0);
    for (let i = 0; i < pictures; i++) {
      const drawn = Math.floor(random() * pictures);
      weight[drawn] = (weight[drawn] as number) + 1;
    }
    each(weight);
  }
}

/** Fewer for large sets, where intervals are narrow anyway: about a second of work at most. */
export function resampleCount(stepsEach: number): number {
  return Math.max(20, Math.min(200, Math.floor(1e8 / Math.max(1, stepsEach))));
}
