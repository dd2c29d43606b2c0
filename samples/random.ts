import { createHash } from 'node:crypto';

/** A seeded source of numbers: the same key always gives the same photographs. */
export interface Random {
  /** A number in [from, to). */
  between(from: number, to: number): number;
  /** A whole number from..to, both included. */
  integer(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** mulberry32: tiny, fast, and the same on every machine (integer arithmetic only). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const seedOf = (key: string): number => createHash('sha256').update(key).digest().readUInt32LE(0);

export function randomFrom(key: string): Random {
  const next = numbers(seedOf(key));
  const between = (from: number, to: number): number => from + next() * (to - from);
  return {
    between,
    integer: (from, to) => Math.floor(between(from, to + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError('Nothing to pick from');
      return item;
    },
  };
}
