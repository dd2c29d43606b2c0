import type { EvaluationPort, EvaluationQuestion, EvaluationQuestions } from '../../../schema/contracts/evaluation.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import { checkPageSize, decodeCursor, type Page } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import { checkFraction } from '../../text.ts';
import {
  MeasuredOn,
  type ConfusionMatrix,
  type CurvePoint,
  type ImageResult,
  type ImageResultArgs,
  type Performance,
} from './evaluation.output.ts';

/** Figures from the stored out-of-fold predictions: any threshold is an instant away. */
export class EvaluationService {
  constructor(private readonly evaluations: EvaluationPort) {}

  async performance(iteration: Iteration, threshold: number): Promise<Performance | null> {
    checkFraction('threshold', threshold);
    const figures = await this.ask(iteration, 'performance', { threshold });
    return figures && { ...figures, measuredOn: MeasuredOn[figures.measuredOn] };
  }

  confusionMatrix(iteration: Iteration, threshold: number): Promise<ConfusionMatrix | null> {
    checkFraction('threshold', threshold);
    return this.ask(iteration, 'confusionMatrix', { threshold });
  }

  async curve(iteration: Iteration, tagId: string): Promise<CurvePoint[] | null> {
    const points = await this.ask(iteration, 'precisionRecallCurve', { tagId });
    if (!points && iteration.status === IterationStatus.COMPLETED) throw notFound('tag of this iteration', tagId);
    return points;
  }

  /** The evaluation never changes, so that a place in its sorted list is a stable cursor. */
  async imageResults(
    iteration: Iteration,
    { first, after, threshold, filter }: ImageResultArgs,
  ): Promise<Page<ImageResult>> {
    checkFraction('threshold', threshold);
    const limit = checkPageSize(first);
    const offset = after ? Number(decodeCursor(after, /^\d{1,9}$/)) + 1 : 0;
    const { isRight = null, actualTagId = null, predictedTagId = null } = filter ?? {};
    const question = { threshold, offset, limit, filter: { isRight, actualTagId, predictedTagId } };
    const { images, total } = (await this.ask(iteration, 'imageResults', question)) ?? { images: [], total: 0 };
    return {
      nodes: images,
      cursorOf: (node) => String(offset + images.findIndex(({ imageId }) => imageId === node.imageId)),
      hasNextPage: offset + limit < total,
      hasPreviousPage: offset > 0,
      count: () => Promise.resolve({ total, isExact: true }),
    };
  }

  /** Null while there is nothing to show. */
  private async ask<K extends EvaluationQuestion>(
    { id, status }: Iteration,
    question: K,
    details: EvaluationQuestions[K]['ask'],
  ): Promise<EvaluationQuestions[K]['answer'] | null> {
    return status === IterationStatus.COMPLETED ? this.evaluations.ask(id, question, details) : null;
  }
}
