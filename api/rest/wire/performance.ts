import type { z } from 'zod';
import type { Performance } from '../../features/evaluation/performance.output.ts';
import type { performanceModel } from './models.ts';

type Interval = Performance['precision'];

/** Half the width of a 95 % interval of a normal distribution, in deviations. */
const deviationsOf95 = 1.96;

export function wirePerformance(performance: Performance): z.input<typeof performanceModel> {
  return {
    perTagPerformance: performance.perTag.map(({ tag, ...figures }) => ({
      id: tag.id,
      name: tag.name,
      ...figuresOf(figures),
    })),
    ...figuresOf(performance),
  };
}

function figuresOf({
  precision,
  recall,
  averagePrecision,
}: Record<'precision' | 'recall' | 'averagePrecision', Interval>) {
  return {
    precision: precision.value,
    precisionStdDeviation: deviation(precision),
    recall: recall.value,
    recallStdDeviation: deviation(recall),
    averagePrecision: averagePrecision.value,
  };
}

const deviation = ({ low, high }: Interval): number => (high - low) / (2 * deviationsOf95);
