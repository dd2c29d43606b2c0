/** As COCO: a threshold of 1 still accepts equal boxes whose overlap was rounded. */
const mostRequired = 1 - 1e-10;

/**
 * Which true box each detection finds, by COCO's rule: the detections choose in their order, each the free box that it
 * overlaps most, the later of equals.
 * @param overlap of a detection and a true box, by their numbers
 * @param least overlap that counts
 * @returns the number of the true box for each detection; -1 for none
 */
export function matchGreedily(
  detections: number,
  truths: number,
  overlap: (detection: number, truth: number) => number,
  least: number,
): Int32Array {
  const taken = new Uint8Array(truths);
  const found = new Int32Array(detections).fill(-1);
  for (let d = 0; d < detections; d++) {
    let best = Math.min(least, mostRequired);
    let choice = -1;
    for (let t = 0; t < truths; t++) {
      if (taken[t]) continue;
      const own = overlap(d, t);
      if (own < best) continue;
      best = own;
      choice = t;
    }
    if (choice < 0) continue;
    taken[choice] = 1;
    found[d] = choice;
  }
  return found;
}
