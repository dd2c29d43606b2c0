const bandCount = 4;

/**
 * Group number of every picture: pictures whose 64-bit hashes differ in at most `maxDistance` bits, directly or through
 * others, share one. The number is the index of the first picture of the group.
 *
 * Hashes are cut into four bands of 16 bits. Two hashes within d bits have a band within floor(d / 4) bits, so only
 * pictures that share such a band are compared: 100,000 pictures take a second instead of minutes. On a white ground most
 * share the bands of their upper and lower edge, and the time grows with the square again: 20,000 take seven seconds.
 * @param hashes 16 hexadecimal digits each
 */
export function groupNearDuplicates(hashes: string[], maxDistance = 4): number[] {
  const firstOf = new Map<string, number>();
  hashes.forEach((hash, i) => {
    if (!firstOf.has(hash)) firstOf.set(hash, i);
  });
  const distinct = [...firstOf.keys()];
  const parents = unite(distinct, maxDistance);
  const roots = distinct.map((_, i) => firstOf.get(distinct[find(parents, i)] ?? '') ?? 0);
  const rootOf = new Map(distinct.map((hash, i) => [hash, roots[i] ?? 0]));
  return hashes.map((hash) => rootOf.get(hash) ?? 0);
}

function unite(hashes: string[], maxDistance: number): Int32Array {
  const parents = Int32Array.from(hashes, (_, i) => i);
  const bands = new Uint16Array(hashes.length * bandCount);
  hashes.forEach((hash, i) => {
    for (let b = 0; b < bandCount; b++) bands[i * bandCount + b] = parseInt(hash.slice(b * 4, b * 4 + 4), 16);
  });
  const masks = masksWithin(Math.floor(maxDistance / bandCount));
  for (let band = 0; band < bandCount; band++) uniteByBand(bands, band, masks, maxDistance, parents);
  return parents;
}

/** Walks the hashes in order and compares each with the earlier ones of similar band value (chained per value). */
function uniteByBand(
  bands: Uint16Array,
  band: number,
  masks: number[],
  maxDistance: number,
  parents: Int32Array,
): void {
  const newest = new Int32Array(65536).fill(-1);
  const previous = new Int32Array(parents.length).fill(-1);
  for (let i = 0; i < parents.length; i++) {
    const value = bands[i * bandCount + band] as number;
    for (const mask of masks) {
      for (let j = newest[value ^ mask] as number; j >= 0; j = previous[j] as number) {
        if (within(bands, i, j, maxDistance)) join(parents, i, j);
      }
    }
    previous[i] = newest[value] as number;
    newest[value] = i;
  }
}

/** All 16-bit numbers with at most `bits` ones. */
function masksWithin(bits: number): number[] {
  const masks: number[] = [];
  for (let mask = 0; mask < 65536; mask++) if (countBits(mask) <= bits) masks.push(mask);
  return masks;
}

function within(bands: Uint16Array, i: number, j: number, maxDistance: number): boolean {
  let distance = 0;
  for (let b = 0; b < bandCount; b++) {
    distance += countBits((bands[i * bandCount + b] as number) ^ (bands[j * bandCount + b] as number));
    if (distance > maxDistance) return false;
  }
  return true;
}

function countBits(value: number): number {
  let v = value - ((value >>> 1) & 0x5555);
  v = (v & 0x3333) + ((v >>> 2) & 0x3333);
  v = (v + (v >>> 4)) & 0x0f0f;
  return (v + (v >>> 8)) & 0x1f;
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
