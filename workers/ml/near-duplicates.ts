import { setImmediate } from 'node:timers/promises';

const bandCount = 4;
/** Some ten milliseconds of work: then whatever waits in this thread has its turn, such as a heartbeat. */
const comparedAtOnce = 2_000_000;

/**
 * Group number of every picture: pictures whose 64-bit hashes differ in at most `maxDistance` bits, directly or through
 * others, share one. The number is the index of the first picture of the group.
 *
 * Hashes are cut into four bands of 16 bits. Two hashes within d bits have a band within floor(d / 4) bits, so only
 * pictures that share such a band are compared: 100,000 pictures take a second instead of minutes. On a white ground most
 * share the bands of their upper and lower edge, and the time grows with the square again: 20,000 take two seconds, 60,000 sixteen.
 * @param hashes 16 hexadecimal digits each
 */
export async function groupNearDuplicates(hashes: string[], maxDistance = 4): Promise<number[]> {
  const firstOf = new Map<string, number>();
  hashes.forEach((hash, i) => {
    if (!firstOf.has(hash)) firstOf.set(hash, i);
  });
  const distinct = [...firstOf.keys()];
  const parents = await unite(distinct, maxDistance);
  const roots = distinct.map((_, i) => firstOf.get(distinct[find(parents, i)] ?? '') ?? 0);
  const rootOf = new Map(distinct.map((hash, i) => [hash, roots[i] ?? 0]));
  return hashes.map((hash) => rootOf.get(hash) ?? 0);
}

/** Halves of the hashes, and the forest of their groups. */
interface Hashes {
  upper: Int32Array;
  lower: Int32Array;
  parents: Int32Array;
}

async function unite(hashes: string[], maxDistance: number): Promise<Int32Array> {
  const half = (from: number) => Int32Array.from(hashes, (hash) => parseInt(hash.slice(from, from + 8), 16));
  const own: Hashes = { upper: half(0), lower: half(8), parents: Int32Array.from(hashes, (_, i) => i) };
  const masks = masksWithin(Math.floor(maxDistance / bandCount));
  for (let band = 0; band < bandCount; band++) {
    const values = Uint16Array.from(hashes, (hash) => parseInt(hash.slice(band * 4, band * 4 + 4), 16));
    await uniteByBand(own, values, masks, maxDistance);
  }
  return own.parents;
}

/** Compares each hash with the earlier ones of similar band value, which lie side by side. */
async function uniteByBand(
  { upper, lower, parents }: Hashes,
  values: Uint16Array,
  masks: number[],
  maxDistance: number,
): Promise<void> {
  const { order, starts } = sortByValue(values);
  const [uppers, lowers] = [order.map((i) => upper[i] as number), order.map((i) => lower[i] as number)];
  let compared = 0;
  for (let p = 0; p < order.length; p++) {
    const [i, u, l] = [order[p] as number, uppers[p] as number, lowers[p] as number];
    for (const mask of masks) {
      const similar = (values[i] as number) ^ mask;
      const end = starts[similar + 1] as number;
      let q = starts[similar] as number;
      for (; q < end && (order[q] as number) < i; q++) {
        const distance = countBits(u ^ (uppers[q] as number)) + countBits(l ^ (lowers[q] as number));
        if (distance <= maxDistance) join(parents, i, order[q] as number);
      }
      compared += q - (starts[similar] as number);
    }
    if (compared < comparedAtOnce) continue;
    compared = 0;
    await setImmediate();
  }
}

/** Indexes by their values, those of one value in order; `starts` tells where each value begins. */
function sortByValue(values: Uint16Array): { order: Int32Array; starts: Int32Array } {
  const starts = new Int32Array(65537);
  for (const value of values) starts[value + 1] = (starts[value + 1] as number) + 1;
  for (let value = 0; value < 65536; value++)
    starts[value + 1] = (starts[value + 1] as number) + (starts[value] as number);
  const next = starts.slice();
  const order = new Int32Array(values.length);
  values.forEach((value, i) => {
    order[next[value] as number] = i;
    next[value] = (next[value] as number) + 1;
  });
  return { order, starts };
}

/** All 16-bit numbers with at most `bits` ones. */
function masksWithin(bits: number): number[] {
  const masks: number[] = [];
  for (let mask = 0; mask < 65536; mask++) if (countBits(mask) <= bits) masks.push(mask);
  return masks;
}

/** The ones of 32 bits. */
function countBits(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  v = (v + (v >>> 4)) & 0x0f0f0f0f;
  return Math.imul(v, 0x01010101) >>> 24;
}

function find(parents: Int32Array, i: number): number {
  let root = i;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root] as number] as number;
    root = parents[root] as number;
  }
  return root;
}

/** The smaller index stays the root, so that the group number is its first picture. */
function join(parents: Int32Array, i: number, j: number): void {
  const a = find(parents, i);
  const b = find(parents, j);
  parents[Math.max(a, b)] = Math.min(a, b);
}
