import { createHash } from 'node:crypto';
import { seededRandom } from '../workers/ml/random.ts';

/** A seeded source of numbers: the same key always gives the same photographs. */
export interface Random {
  /** A number in [from, to). */
  between(from: number, to: number): number;
  /** A whole number from..to, both included. */
  integer(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

const seedOf = (key: string): number => createHash('sha256').update(key).digest().readUInt32LE(0);

export function randomFrom(key: string): Random {
  const next = seededRandom(seedOf(key));
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
