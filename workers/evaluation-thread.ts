import { workerData } from 'piscina';
import type { StorageConfig } from '../infra/config.ts';
import { SizedCache } from '../infra/sized-cache.ts';
import { keys } from '../infra/storage/keys.ts';
import { OutageError } from '../infra/outage.ts';
import { openStorage } from '../infra/storage/open.ts';
import { ObjectNotFound } from '../infra/storage/storage.ts';
import type {
  EvaluationAnswers,
  EvaluationQuestion,
  EvaluationQuestions,
  TrainedTagCount,
} from '../schema/contracts/evaluation.ts';
import type { Snapshot } from '../schema/contracts/training.ts';
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

export const answerInThread = (task: EvaluationTask): Promise<EvaluationOutcome> => outcomeOf(answerOf(task));

/** A snapshot of many images takes a second to be read, in which this thread holds up nobody else. */
export const countInThread = ({ iterationId }: Pick<EvaluationTask, 'iterationId'>): Promise<EvaluationOutcome> =>
  outcomeOf(countTrainedTags(iterationId));

async function outcomeOf(work: Promise<unknown>): Promise<EvaluationOutcome> {
  try {
    return { status: 'ANSWERED', answer: await work };
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

async function countTrainedTags(iterationId: string): Promise<TrainedTagCount[] | null> {
  const snapshot = await loadSnapshot(iterationId);
  if (!snapshot) return null;
  const counts = new Array<number>(snapshot.tags.length).fill(0);
  for (const { tagIndexes } of snapshot.images)
    for (const index of tagIndexes) counts[index] = (counts[index] ?? 0) + 1;
  return snapshot.tags.map((tag, i) => ({ ...tag, imageCount: counts[i] ?? 0 }));
}

async function loadSnapshot(iterationId: string): Promise<Snapshot | null> {
  try {
    return JSON.parse((await storage.get(keys.snapshot(iterationId))).toString()) as Snapshot;
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    throw error;
  }
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
