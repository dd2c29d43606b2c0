import { workerData } from 'piscina';
import type { StorageConfig } from '../infra/config.ts';
import { SizedCache } from '../infra/sized-cache.ts';
import { keys } from '../infra/storage/keys.ts';
import { OutageError } from '../infra/outage.ts';
import { openStorage } from '../infra/storage/open.ts';
import type { EvaluatedTag, EvaluationQuestion, EvaluationQuestions } from '../schema/contracts/evaluation.ts';
import { measuredImages, readEvaluation, type Evaluation } from './ml/evaluation-file.ts';
import { listImageResults } from './ml/image-results.ts';
import { confusionMatrix, evaluate, precisionRecallCurve } from './ml/metrics.ts';

export interface EvaluationThreadConfig {
  storage: StorageConfig;
  /** For evaluations that were asked for lately, in bytes. */
  cacheBytes: number;
}

export interface EvaluationTask {
  iterationId: string;
  question: EvaluationQuestion;
  details: EvaluationQuestions[EvaluationQuestion]['ask'];
}

type Answers = {
  [K in EvaluationQuestion]: (
    evaluation: Evaluation,
    ask: EvaluationQuestions[K]['ask'],
  ) => EvaluationQuestions[K]['answer'];
};

const config = workerData as EvaluationThreadConfig;
const storage = await openStorage(config.storage);
const evaluations = new SizedCache<Evaluation>(
  config.cacheBytes,
  // An id as a string takes about as much again as its characters.
  ({ probabilities, imageIds }) => probabilities.byteLength + imageIds.length * 100,
);

const answers: Answers = {
  performance: (evaluation, { threshold }) => {
    const { tags, imageIds, measuredOn } = evaluation;
    const { perTag, ...overall } = evaluate({ ...evaluation, tagCount: tags.length, threshold });
    return {
      ...overall,
      threshold,
      measuredOn,
      imageCount: imageIds.length,
      perTag: perTag.map((figures, index) => ({ ...figures, tag: tagAt(tags, index) })),
    };
  },
  confusionMatrix: (evaluation, { threshold }) => ({
    tags: evaluation.tags.map(({ id, name }) => ({ id, name })),
    rows: confusionMatrix({ ...evaluation, tagCount: evaluation.tags.length, threshold }),
  }),
  precisionRecallCurve: ({ tags, probabilities, targets }, { tagId }) => {
    const index = tags.findIndex(({ id }) => id === tagId);
    return index < 0 ? null : precisionRecallCurve(probabilities, targets, index);
  },
  imageResults: (evaluation, { threshold, filter, offset, limit }) => {
    const all = listImageResults(evaluation, threshold, filter);
    return { images: all.slice(offset, offset + limit).map((describe) => describe()), total: all.length };
  },
};

const tagAt = (tags: readonly EvaluatedTag[], index: number): EvaluatedTag => tags[index] ?? { id: '', name: '' };

/** Errors lose their class between threads, so what the caller has to tell apart is a value. */
export type EvaluationOutcome = { status: 'ANSWERED'; answer: unknown } | { status: 'NO_STORAGE' };

export async function answerInThread(task: EvaluationTask): Promise<EvaluationOutcome> {
  try {
    return { status: 'ANSWERED', answer: await answerOf(task) };
  } catch (error) {
    if (error instanceof OutageError) return { status: 'NO_STORAGE' };
    throw error;
  }
}

async function answerOf({ iterationId, question, details }: EvaluationTask): Promise<unknown> {
  const evaluation = await evaluations.get(iterationId, async () =>
    measuredImages(readEvaluation(await storage.get(keys.evaluation(iterationId)))),
  );
  // The compiler cannot see that question and details belong together; `EvaluationPort.ask` sees to it.
  const answer = answers[question] as (evaluation: Evaluation, ask: typeof details) => unknown;
  return answer(evaluation, details);
}
