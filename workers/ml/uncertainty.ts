import type { ClassificationType } from './classification/head-loss.ts';

type AnsweredKind = ClassificationType | 'DETECTION';

/**
 * How unsure an answer is, 0 to 1, from calibrated probabilities; what it says least surely is worth the most to a labeller.
 * MULTICLASS: the entropy of the distribution, as a share of that of a guess among its tags. MULTILABEL: the mean of the entropies
 * of «has it or has it not», which is the entropy of the whole answer shared out among its tags. DETECTION: the entropy of the most
 * doubtful box; a sum would call every crowd doubtful, and a mean would drown one doubtful box in the many that are surely nothing.
 */
export function uncertaintyOf(kind: AnsweredKind, probabilities: readonly number[]): number {
  const count = probabilities.length;
  if (count === 0) return 0;
  if (kind === 'DETECTION') return Math.max(...probabilities.map(binaryEntropy));
  if (kind === 'MULTILABEL') return sum(probabilities.map(binaryEntropy)) / count;
  // Probabilities of single precision may add up to a little more than 1.
  return count === 1 ? 0 : Math.min(1, sum(probabilities.map(surprise)) / Math.log2(count));
}

/** In bits. */
const surprise = (probability: number): number => (probability > 0 ? -probability * Math.log2(probability) : 0);

const binaryEntropy = (probability: number): number => surprise(probability) + surprise(1 - probability);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
