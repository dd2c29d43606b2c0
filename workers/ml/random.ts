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
  const mixed = keys.reduce((state, key) => {
    const hash = Math.imul(state ^ (key >>> 0), 0x9e3779b1);
    return hash ^ (hash >>> 15);
  }, 0x5bd1e995);
  return seededRandom(mixed);
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
