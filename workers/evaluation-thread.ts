import { workerData } from 'piscina';
import type { StorageConfig } from '../infra/config.ts';
import { SizedCache } from '../infra/sized-cache.ts';
import { keys } from '../infra/storage/keys.ts';
import { OutageError } from '../infra/outage.ts';
import { openStorage } from '../infra/storage/open.ts';
import type { EvaluationAnswers, EvaluationQuestion, EvaluationQuestions } from '../schema/contracts/evaluation.ts';
import { classificationAnswers } from './classification-answers.ts';
import { detectionAnswers } from './detection-answers.ts';
import { measuredPictures, type MeasuredDetections } from './ml/detection-evaluation/evaluation-file.ts';
import { measuredImages, readEvaluation, type ClassificationEvaluation } from './ml/evaluation-file.ts';

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

const config = workerData as EvaluationThreadConfig;
const storage = await openStorage(config.storage);
const evaluations = new SizedCache<MeasuredEvaluation>(config.cacheBytes, memoryOf);

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
  const evaluation = await evaluations.get(iterationId, () => load(iterationId));
  return evaluation.kind === 'DETECTION'
    ? answerFrom(detectionAnswers, evaluation, question, details)
    : answerFrom(classificationAnswers, evaluation, question, details);
}

function answerFrom<E>(
  answers: EvaluationAnswers<E>,
  evaluation: E,
  question: EvaluationQuestion,
  details: EvaluationTask['details'],
): unknown {
  // The compiler cannot see that question and details belong together; `EvaluationPort.ask` sees to it.
  const answer = answers[question] as (evaluation: E, ask: typeof details) => unknown;
  return answer(evaluation, details);
}

type MeasuredEvaluation = ClassificationEvaluation | MeasuredDetections;

async function load(iterationId: string): Promise<MeasuredEvaluation> {
  const evaluation = readEvaluation(await storage.get(keys.evaluation(iterationId)));
  return evaluation.kind === 'DETECTION' ? measuredPictures(evaluation) : measuredImages(evaluation);
}

/** An id as a string takes about as much again as its characters, a box, ranked too, about 200 bytes. */
function memoryOf(evaluation: MeasuredEvaluation): number {
  const idBytes = evaluation.imageIds.length * 100;
  if (evaluation.kind !== 'DETECTION') return idBytes + evaluation.probabilities.byteLength;
  return evaluation.pictures.reduce(
    (sum, { truth, detected }) => sum + 200 * (truth.length + detected.length),
    idBytes,
  );
}
