import { FEATURE_LENGTH } from '../features.ts';
import { HeadLoss, headRows, type ProjectKind } from '../head-loss.ts';

/** C of the penalty |W|^2 / (2C), for features of about length 1: the fixed strength of the quick head. */
const strength = 100;

/**
 * The linear head on raw pooled features that a fine-tuning starts from. The quick head cannot be taken: it stands on square
 * roots, whose slope at 0 is infinite.
 * @param features [views * 1280] of each picture
 */
export async function fitStartingHead(
  features: Float32Array[],
  targets: readonly (readonly number[])[],
  { tagCount, kind, signal }: { tagCount: number; kind: ProjectKind; signal?: AbortSignal },
): Promise<{ weights: Float32Array; bias: Float32Array }> {
  const size = meanLength(features);
  const rows = headRows(features, targets, tagCount, (feature) => feature.map((value) => value / size));
  const loss = await HeadLoss.open(kind, rows);
  try {
    const start = new Float32Array(loss.parameterCount);
    const even = new Float32Array(rows.rowCount).fill(1 / rows.viewCount);
    const [parameters = start] = await loss.fit([start], [even], strength, signal ? { signal } : {});
    const { weights, bias } = loss.head(parameters);
    return { weights: weights.map((value) => value / size), bias };
  } finally {
    await loss.release();
  }
}

/** Root mean square over all views. */
function meanLength(features: readonly Float32Array[]): number {
  let sum = 0;
  let count = 0;
  for (const feature of features) {
    for (const value of feature) sum += value * value;
    count += feature.length / FEATURE_LENGTH;
  }
  return Math.sqrt(sum / Math.max(1, count)) || 1;
}
