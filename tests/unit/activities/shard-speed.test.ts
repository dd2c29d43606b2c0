import { expect, it } from 'vitest';
import type { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { describeProgress, unitsPerSecond } from '../../../workers/activities/shard-speed.ts';

/** Times in seconds. */
const shard = (doneCount: number, extractedCount: number, startedAt: number, updatedAt: number): ShardProgress => {
  const times = { startedAt: startedAt * 1000, updatedAt: updatedAt * 1000 };
  return { iterationId: 'i', shard: 0, imageCount: 100, doneCount, extractedCount, ...times };
};

it('adds the speeds of workers side by side', () => {
  const shards = [shard(40, 40, 10, 14), shard(20, 20, 10, 14)];
  expect(unitsPerSecond(shards, 14_000)).toBe(15);
  expect(describeProgress(shards, 210, 14_000)).toBe('60 of 210 images, 15.0 images/s, about 10 s left');
});

it('does not count a pause between two starts, nor images from the cache', () => {
  const before = shard(100, 100, 0, 10);
  const after = shard(90, 20, 1000, 1004);
  expect(unitsPerSecond([before, after], 1_004_000)).toBe(5);
});

it('counts of a shard that ended meanwhile what it did since', () => {
  const running = shard(30, 30, 5, 10);
  const ended = shard(100, 100, 0, 10);
  expect(unitsPerSecond([running, ended], 10_000)).toBe((30 + 50) / 5);
});

it('tells no speed from a handful of images', () => {
  expect(describeProgress([shard(4, 4, 0, 1)], 100, 1000)).toBe('4 of 100 images');
  expect(describeProgress([], 100, 1000)).toBe('0 of 100 images');
});
