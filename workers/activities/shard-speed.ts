import type { ShardProgress } from '../../schema/entities/shard-progress.entity.ts';

/** With fewer images or steps a speed would be a guess. */
const enoughUnits = 5;

/**
 * How far all shards are together, as a sentence: with speed and remaining time once they can be told.
 * @param unit what is counted: images of shards, steps of parts
 */
export function describeProgress(
  shards: readonly ShardProgress[],
  total: number,
  nowMs: number,
  unit: 'images' | 'steps' = 'images',
): string {
  const done = shards.reduce((sum, { doneCount }) => sum + doneCount, 0);
  const text = `${done} of ${total} ${unit}`;
  const rate = unitsPerSecond(shards, nowMs);
  if (rate === null) return text;
  return `${text}, ${rate.toFixed(1)} ${unit}/s, about ${Math.ceil(Math.max(0, total - done) / rate)} s left`;
}

/**
 * Images that all workers run through the backbone in a second, or steps that they train; cached ones cost next to nothing and do not count.
 * Measured since the oldest attempt under way began, so that a pause between two starts of the server does not count:
 * what ended before is left out, and of what was then half done the later part counts.
 */
export function unitsPerSecond(shards: readonly ShardProgress[], nowMs: number): number | null {
  const open = shards.filter(({ doneCount, imageCount }) => doneCount < imageCount);
  // bigint columns come as text from some databases.
  const sinceMs = Math.min(...(open.length > 0 ? open : shards).map(({ startedAt }) => Number(startedAt)));
  let extracted = 0;
  for (const { extractedCount, startedAt, updatedAt } of shards) {
    const [startMs, endMs] = [Number(startedAt), Number(updatedAt)];
    const overlapMs = endMs - Math.max(startMs, sinceMs);
    if (overlapMs > 0) extracted += (extractedCount * overlapMs) / (endMs - startMs);
  }
  return extracted < enoughUnits || nowMs <= sinceMs ? null : (extracted * 1000) / (nowMs - sinceMs);
}
