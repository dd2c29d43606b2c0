import type {
  EvaluationPort,
  EvaluationQuestion,
  EvaluationQuestions,
  JudgedImage,
  MeasuredImage,
} from '../../../schema/contracts/evaluation.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import { checkPageSize, decodeCursor, type Page } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import { checkFraction } from '../../input-checks.ts';
import { MistakeKind, type ImageResult, type ImageResultArgs } from './image-result.output.ts';
import { MeasuredOn, type ConfusionMatrix, type CurvePoint, type Performance } from './performance.output.ts';

/** A page for people needs no more. */
const usualTags = 10;
const anyImage = { isRight: null, actualTagId: null, predictedTagId: null, mistake: null, imageIds: null };

/** Figures from the stored out-of-fold predictions: any threshold is an instant away. */
export class EvaluationService {
  constructor(private readonly evaluations: EvaluationPort) {}

  async performance(iteration: Iteration, thresholds: Thresholds): Promise<Performance | null> {
    checkThresholds(thresholds);
    const figures = await this.ask(iteration, 'performance', thresholds);
    return figures && { ...figures, measuredOn: MeasuredOn[figures.measuredOn] };
  }

  async confusionMatrix(iteration: Iteration, thresholds: Thresholds): Promise<ConfusionMatrix | null> {
    checkThresholds(thresholds);
    return this.ask(iteration, 'confusionMatrix', thresholds);
  }

  async curve(iteration: Iteration, tagId: string, overlapThreshold: number): Promise<CurvePoint[] | null> {
    checkFraction('overlapThreshold', overlapThreshold);
    const points = await this.ask(iteration, 'precisionRecallCurve', { tagId, overlapThreshold });
    if (!points && iteration.status === IterationStatus.COMPLETED) throw notFound('tag of this iteration', tagId);
    return points;
  }

  /** The evaluation never changes, so that a place in its sorted list is a stable cursor. */
  async imageResults(
    iteration: Iteration,
    { first, after, threshold, overlapThreshold, filter }: ImageResultArgs,
  ): Promise<Page<ImageResult>> {
    checkThresholds({ threshold, overlapThreshold });
    const limit = checkPageSize(first);
    const offset = after ? Number(decodeCursor(after, /^\d{1,9}$/)) + 1 : 0;
    const { isRight = null, actualTagId = null, predictedTagId = null, mistake = null } = filter ?? {};
    const restrictions = { ...anyImage, isRight, actualTagId, predictedTagId, mistake };
    const question = { threshold, overlapThreshold, offset, limit, filter: restrictions, mostTags: usualTags };
    const { images, total } = (await this.ask(iteration, 'imageResults', question)) ?? { images: [], total: 0 };
    return {
      nodes: images.map(publicResult),
      cursorOf: (node) => String(offset + images.findIndex(({ imageId }) => imageId === node.imageId)),
      hasNextPage: offset + limit < total,
      hasPreviousPage: offset > 0,
      count: () => Promise.resolve({ total, isExact: true }),
    };
  }

  /** Every image that it was measured on, the most wrong first; some may have been deleted since. */
  async measuredImages(iteration: Iteration, thresholds: Thresholds): Promise<MeasuredImage[]> {
    checkThresholds(thresholds);
    return (await this.ask(iteration, 'measuredImages', thresholds)) ?? [];
  }

  /** What it says of these images, in their order, with the probability of every tag. */
  async resultsOf(iteration: Iteration, imageIds: readonly string[], thresholds: Thresholds): Promise<ImageResult[]> {
    checkThresholds(thresholds);
    const filter = { ...anyImage, imageIds: [...imageIds] };
    const question = { ...thresholds, filter, offset: 0, limit: imageIds.length, mostTags: null };
    const images = (await this.ask(iteration, 'imageResults', question))?.images ?? [];
    const byId = new Map(images.map((image) => [image.imageId, publicResult(image)]));
    return imageIds.flatMap((id) => byId.get(id) ?? []);
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

interface Thresholds {
  threshold: number;
  overlapThreshold: number;
}

function checkThresholds({ threshold, overlapThreshold }: Thresholds): void {
  checkFraction('threshold', threshold);
  checkFraction('overlapThreshold', overlapThreshold);
}

function publicResult(image: JudgedImage): ImageResult {
  return { ...image, mistakes: image.mistakes.map((mistake) => ({ ...mistake, kind: MistakeKind[mistake.kind] })) };
}
