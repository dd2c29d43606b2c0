import { HeadLoss, headRows, type ClassificationType } from '../classification/head-loss.ts';

/** C of the penalty |W|^2 / (2C), for features of length 1: the one that the quick head has with few pictures. */
const inverseRegularisation = 100;

/**
 * The head that a fine-tuning starts from: a quick one.
 * @param features raw pooled features, [views * 1280] of each picture
 */
export async function fitStartingHead(
  features: Float32Array[],
  targets: readonly (readonly number[])[],
  { tagCount, kind, signal }: { tagCount: number; kind: ClassificationType; signal?: AbortSignal },
): Promise<{ weights: Float32Array; bias: Float32Array }> {
  const rows = headRows(features, targets, tagCount);
  const loss = await HeadLoss.open(kind, rows);
  try {
    const start = new Float32Array(loss.parameterCount);
    const even = new Float32Array(rows.rowCount).fill(1 / rows.viewCount);
    const [parameters = start] = await loss.fit([start], [even], inverseRegularisation, signal ? { signal } : {});
    return loss.head(parameters);
  } finally {
    await loss.release();
  }
}
