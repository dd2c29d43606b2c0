import { describe, expect, it } from 'vitest';
import { assignFolds, groupNearDuplicates, neverTrained } from '../../../workers/ml/folds.ts';
import { hammingDistance } from '../../../workers/ml/images/image.ts';
import { seededRandom } from '../../../workers/ml/random.ts';

const targets = Array.from({ length: 60 }, (_, i) => [i % 3]);
const plain = { targets, groups: targets.map((_, i) => i), isTest: targets.map(() => false), seed: 1 };

describe('assignFolds', () => {
  it('gives each fold its share of each tag', () => {
    const folds = assignFolds(plain);
    for (let fold = 0; fold < 5; fold++) {
      for (let tag = 0; tag < 3; tag++) {
        expect(targets.filter((t, i) => folds[i] === fold && t[0] === tag)).toHaveLength(4);
      }
    }
    expect(assignFolds(plain)).toEqual(folds);
  });

  it('keeps groups together and leaves test pictures out', () => {
    const groups = targets.map((_, i) => Math.floor(i / 4));
    const folds = assignFolds({ ...plain, groups, isTest: targets.map((_, i) => i < 4) });
    expect([...folds.subarray(0, 4)]).toEqual([-2, -2, -2, -2]);
    expect(neverTrained).toBe(-2);
    for (let g = 1; g < 15; g++) expect(new Set(folds.subarray(g * 4, g * 4 + 4)).size).toBe(1);
  });

  it('takes near-duplicates apart that are more than half of what may be trained on, and no others', () => {
    const groups = targets.map((_, i) => (i < 31 ? 0 : i < 40 ? 31 : i));
    const folds = assignFolds({ ...plain, groups });
    expect(new Set(folds.subarray(0, 31)).size).toBe(5);
    expect(new Set(folds.subarray(31, 40)).size).toBe(1);
    const half = targets.map((_, i) => (i < 30 ? 0 : i));
    expect(new Set(assignFolds({ ...plain, groups: half }).subarray(0, 30)).size).toBe(1);
    expect(new Set(assignFolds({ ...plain, groups: targets.map(() => 0) })).size).toBe(5);
  });

  it('makes as many folds as the rarest tag has pictures, at least two', () => {
    const few = { targets: [[0], [0], [0], [1], [1], [1], [1]], groups: [0, 1, 2, 3, 4, 5, 6], isTest: [], seed: 1 };
    expect(Math.max(...assignFolds(few))).toBe(2);
    expect(Math.max(...assignFolds({ ...few, targets: [[0], [1], [1], [1], [1], [1], [1]] }))).toBe(1);
  });
});

describe('groupNearDuplicates', () => {
  it('finds the same groups as comparing all pairs', async () => {
    const random = seededRandom(3);
    const hashes = Array.from({ length: 40 }, () => randomHash(random));
    for (let i = 0; i < 120; i++) hashes.push(flipBits(hashes[i % 40] ?? '', Math.floor(random() * 6), random));
    const groups = await groupNearDuplicates(hashes);
    expect(groups).toEqual(slowGroups(hashes));
  });

  it('copes with many pictures', async () => {
    const random = seededRandom(4);
    const hashes = Array.from({ length: 30_000 }, () => randomHash(random));
    expect(new Set(await groupNearDuplicates([...hashes, ...hashes])).size).toBeGreaterThan(29_900);
  });

  it('lets others have their turn when most share a band, as things on a white ground do', async () => {
    const random = seededRandom(5);
    const hashes = Array.from({ length: 5000 }, () => `ffff${randomHash(random).slice(0, 8)}ffff`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await groupNearDuplicates(hashes);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

function randomHash(random: () => number): string {
  return Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join('');
}

function flipBits(hash: string, count: number, random: () => number): string {
  let value = BigInt(`0x${hash}`);
  for (let i = 0; i < count; i++) value ^= 1n << BigInt(Math.floor(random() * 64));
  return value.toString(16).padStart(16, '0');
}

function slowGroups(hashes: string[]): number[] {
  const groups = hashes.map((_, i) => i);
  hashes.forEach((a, i) => {
    for (let j = 0; j < i; j++) {
      const [low, high] = [groups[i] ?? 0, groups[j] ?? 0].sort((x, y) => x - y);
      if (hammingDistance(a, hashes[j] ?? '') > 4 || low === high) continue;
      groups.forEach((g, k) => g === high && (groups[k] = low ?? 0));
    }
  });
  return groups;
}
