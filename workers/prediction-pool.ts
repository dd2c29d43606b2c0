import { Piscina } from 'piscina';
import type {
  PredictionOutcome,
  PredictionPort,
  PredictionTask,
  ProposalOutcome,
} from '../schema/contracts/prediction.ts';
import type { PredictionThreadConfig } from './prediction-thread.ts';

export interface PredictionPoolConfig extends PredictionThreadConfig {
  threads: number;
}

/** Threads that compute predictions: the runtime of the backbone blocks whoever calls it, so the API must not. */
export class PredictionPool implements PredictionPort {
  private readonly pool: Piscina<unknown, unknown>;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor({ threads, modelMemoryBytes, ...config }: PredictionPoolConfig) {
    const workerData: PredictionThreadConfig = { ...config, modelMemoryBytes: Math.floor(modelMemoryBytes / threads) };
    this.pool = new Piscina({
      filename: new URL('./prediction-thread.js', import.meta.url).href,
      // A thread starts when it is first needed, so that a server that only trains does without.
      minThreads: 0,
      maxThreads: threads,
      // While one picture is in the backbone the next one is decoded.
      concurrentTasksPerWorker: 2,
      idleTimeout: Infinity,
      workerData,
    });
  }

  predict(task: PredictionTask): Promise<PredictionOutcome> {
    return this.awaited(this.pool.run(task) as Promise<PredictionOutcome>);
  }

  propose(bytes: Uint8Array): Promise<ProposalOutcome> {
    return this.awaited(this.pool.run(bytes, { name: 'proposeInThread' }) as Promise<ProposalOutcome>);
  }

  private async awaited<T>(outcome: Promise<T>): Promise<T> {
    this.underWay.add(outcome);
    try {
      return await outcome;
    } finally {
      this.underWay.delete(outcome);
    }
  }

  /** Waits for what is under way: a thread that is ended inside the runtime of the backbone takes the process with it. */
  async close(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
    await this.pool.destroy();
  }
}
