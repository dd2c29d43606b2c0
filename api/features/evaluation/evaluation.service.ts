import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import { readEvaluation, type Evaluation } from '../../../workers/ml/evaluation-file.ts';
import { confusionMatrix, evaluate, precisionRecallCurve } from '../../../workers/ml/metrics.ts';
import { checkPageSize, decodeCursor, type Page } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import { SizedCache } from '../../../infra/sized-cache.ts';
import { checkFraction } from '../../text.ts';
import {
  MeasuredOn,
  type ConfusionMatrix,
  type CurvePoint,
  type ImageResult,
  type ImageResultArgs,
  type Performance,
  type TrainedTag,
} from './evaluation.output.ts';
import { listImageResults } from './image-results.ts';

const cacheBytes = 64 * 1024 * 1024;

/** Figures from the stored out-of-fold predictions: any threshold is an instant away. */
export class EvaluationService {
  private readonly evaluations = new SizedCache<Evaluation>(
    cacheBytes,
    ({ probabilities, imageIds }) => probabilities.byteLength + imageIds.length * 100,
  );

  constructor(private readonly storage: Storage) {}

  async performance(iteration: Iteration, threshold: number): Promise<Performance | null> {
    checkFraction('threshold', threshold);
    const evaluation = await this.find(iteration);
    if (!evaluation) return null;
    const { tags, imageIds, measuredOn } = evaluation;
    const { perTag, ...overall } = evaluate({ ...evaluation, tagCount: tags.length, threshold });
    return {
      ...overall,
      threshold,
      measuredOn: MeasuredOn[measuredOn],
      imageCount: imageIds.length,
      perTag: perTag.map((figures, index) => ({ ...figures, tag: tagAt(tags, index) })),
    };
  }

  async confusionMatrix(iteration: Iteration, threshold: number): Promise<ConfusionMatrix | null> {
    checkFraction('threshold', threshold);
    const evaluation = await this.find(iteration);
    if (!evaluation) return null;
    const { tags } = evaluation;
    return { tags, rows: confusionMatrix({ ...evaluation, tagCount: tags.length, threshold }) };
  }

  async curve(iteration: Iteration, tagId: string): Promise<CurvePoint[] | null> {
    const evaluation = await this.find(iteration);
    if (!evaluation) return null;
    const index = evaluation.tags.findIndex(({ id }) => id === tagId);
    if (index < 0) throw notFound('tag of this iteration', tagId);
    return precisionRecallCurve(evaluation.probabilities, evaluation.targets, index);
  }

  /** The evaluation never changes, so that a place in its sorted list is a stable cursor. */
  async imageResults(iteration: Iteration, args: ImageResultArgs): Promise<Page<ImageResult>> {
    checkFraction('threshold', args.threshold);
    const size = checkPageSize(args.first);
    const evaluation = await this.find(iteration);
    const all = evaluation ? listImageResults(evaluation, args) : [];
    const start = args.after ? Number(decodeCursor(args.after, /^\d{1,9}$/)) + 1 : 0;
    const nodes = all.slice(start, start + size);
    return {
      nodes: nodes.map(({ build }) => build()),
      cursorOf: (node) => String(start + nodes.findIndex(({ imageId }) => imageId === node.imageId)),
      hasNextPage: start + size < all.length,
      hasPreviousPage: start > 0,
      count: () => Promise.resolve(all.length),
    };
  }

  /** Null while there is nothing to show. */
  private async find({ id, status }: Iteration): Promise<Evaluation | null> {
    if (status !== IterationStatus.COMPLETED) return null;
    return this.evaluations.get(id, async () =>
      measuredImages(readEvaluation(await this.storage.get(keys.evaluation(id)))),
    );
  }
}

const tagAt = (tags: readonly TrainedTag[], index: number): TrainedTag => tags[index] ?? { id: '', name: '' };

/** Only the images that figures are computed from: those judged by a model that had not seen them. */
function measuredImages(evaluation: Evaluation): Evaluation {
  const { tags, imageIds, targets, isTest, probabilities, measuredOn } = evaluation;
  const rowOf = (image: number): Float32Array => probabilities.subarray(image * tags.length, (image + 1) * tags.length);
  const kept = imageIds.flatMap((_, image) => {
    const isMeasured = measuredOn === 'TEST_IMAGES' ? isTest[image] : !isTest[image];
    return isMeasured && rowOf(image).every(Number.isFinite) ? [image] : [];
  });
  const rows = new Float32Array(kept.length * tags.length);
  kept.forEach((image, index) => rows.set(rowOf(image), index * tags.length));
  return {
    ...evaluation,
    imageIds: kept.map((image) => imageIds[image] ?? ''),
    targets: kept.map((image) => targets[image] ?? []),
    isTest: kept.map((image) => isTest[image] ?? false),
    probabilities: rows,
  };
}
