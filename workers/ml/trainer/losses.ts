/** A loss and its gradient with respect to the logits. */
export interface LossAndGradient {
  loss: number;
  /** As long as the logits. */
  gradient: Float32Array;
}

/**
 * Cross-entropy to a softmax, the mean of all pictures.
 * @param logits [count * classes]
 * @param targets [count * classes], the share of each class; a picture's shares add up to 1
 */
export function softmaxCrossEntropy(logits: Float32Array, targets: Float32Array, count: number): LossAndGradient {
  const classes = rowLength(logits, targets, count);
  const gradient = new Float32Array(logits.length);
  let loss = 0;
  for (let at = 0; at < logits.length; at += classes) {
    const own = logits.subarray(at, at + classes);
    const largest = own.reduce((most, z) => Math.max(most, z), -Infinity);
    const logSum = largest + Math.log(own.reduce((sum, z) => sum + Math.exp(z - largest), 0));
    own.forEach((z, k) => {
      const target = targets[at + k] ?? 0;
      loss += target * (logSum - z);
      gradient[at + k] = (Math.exp(z - logSum) - target) / count;
    });
  }
  return { loss: loss / count, gradient };
}

/**
 * Cross-entropy to one sigmoid for each class: summed over the classes, the mean of all pictures.
 * @param logits [count * classes]
 * @param targets [count * classes], each 0 to 1
 */
export function sigmoidCrossEntropy(logits: Float32Array, targets: Float32Array, count: number): LossAndGradient {
  rowLength(logits, targets, count);
  let loss = 0;
  const gradient = logits.map((z, i) => {
    const target = targets[i] ?? 0;
    // Written so that a large |z| overflows nowhere.
    loss += Math.max(z, 0) - z * target + Math.log1p(Math.exp(-Math.abs(z)));
    return (1 / (1 + Math.exp(-z)) - target) / count;
  });
  return { loss: loss / count, gradient };
}

function rowLength(logits: Float32Array, targets: Float32Array, count: number): number {
  if (logits.length !== targets.length || logits.length % count)
    throw new RangeError(`${logits.length} logits and ${targets.length} targets do not fit ${count} pictures.`);
  return logits.length / count;
}
