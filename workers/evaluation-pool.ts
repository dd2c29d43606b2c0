import { Piscina } from 'piscina';
import { OutageError } from '../infra/outage.ts';
import type {
  EvaluationPort,
  EvaluationQuestion,
  EvaluationQuestions,
  TrainedTagCount,
} from '../schema/contracts/evaluation.ts';
import type { EvaluationOutcome, EvaluationTask, EvaluationThreadConfig } from './evaluation-thread.ts';

/** A thread that computes figures when somebody asks, and ends when nobody has for a while. */
export class EvaluationPool implements EvaluationPort {
  private readonly pool: Piscina<EvaluationTask | Pick<EvaluationTask, 'iterationId'>, EvaluationOutcome>;

  constructor(config: EvaluationThreadConfig) {
    this.pool = new Piscina({
      filename: new URL('./evaluation-thread.js', import.meta.url).href,
      minThreads: 0,
      // One, so that every question about an iteration finds it loaded.
      maxThreads: 1,
      concurrentTasksPerWorker: 4,
      idleTimeout: 300_000,
      workerData: config,
    });
  }

  async ask<K extends EvaluationQuestion>(
    iterationId: string,
    question: K,
    details: EvaluationQuestions[K]['ask'],
  ): Promise<EvaluationQuestions[K]['answer']> {
    return answerOf(await this.pool.run({ iterationId, question, details })) as EvaluationQuestions[K]['answer'];
  }

  async countTrainedTags(iterationId: string): Promise<TrainedTagCount[] | null> {
    return answerOf(await this.pool.run({ iterationId }, { name: 'countInThread' })) as TrainedTagCount[] | null;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

function answerOf(outcome: EvaluationOutcome): unknown {
  if (outcome.status === 'NO_STORAGE') throw new OutageError('storage');
  return outcome.answer;
}
