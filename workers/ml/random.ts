/** Seeded random numbers in [0, 1) (mulberry32): the same seed gives the same sequence everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A sequence of its own for each list of whole numbers, such as seed and step: no draw depends on how many came before. */
export function keyedRandom(...keys: number[]): () => number {
  return seededRandom(keys.reduce((state, key) => scrambled(state ^ (key >>> 0)), 0x5bd1e995));
}

/** MurmurHash3's finaliser: each bit of the result depends on all bits. */
function scrambled(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) + 0x9e3779b9;
  return hash ^ (hash >>> 16);
}

/** 0 to (count - 1) in random order (Fisher-Yates). */
export function shuffledIndexes(count: number, random: () => number): number[] {
  const indexes = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [indexes[i], indexes[j]] = [indexes[j] as number, indexes[i] as number];
  }
  return indexes;
}
