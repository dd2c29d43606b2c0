import { Worker } from 'node:worker_threads';
import type { Logger } from '../infra/logger.ts';
import type { Metrics } from '../infra/metrics.ts';
import type { FromTrainingThread, ToTrainingThread, TrainingThreadConfig } from './training-thread.ts';

const restartDelayMs = 1000;

/** Keeps the training thread running: one that breaks is replaced, and its runs go on from their journal. */
export class TrainingSupervisor {
  private worker: Worker | undefined;
  private ended: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly config: TrainingThreadConfig,
    private readonly logger: Logger,
    private readonly metrics: Pick<Metrics, 'threads'>,
  ) {}

  /** Resolves when the thread takes work. @throws when it cannot start */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./training-thread.js', import.meta.url), { workerData: this.config });
      this.worker = worker;
      let broken: Error | undefined;
      worker.on('message', (message: FromTrainingThread) => {
        if (message !== 'ready') {
          this.metrics.threads.set('training', message);
          return;
        }
        worker.once('exit', () => this.replace(broken));
        resolve();
      });
      worker.once('error', (error: Error) => reject((broken = error)));
      this.ended = new Promise((done) => worker.once('exit', () => done()));
    });
  }

  /** Tells the thread to look for work now. */
  poke(): void {
    this.send('poke');
  }

  /** Interrupts what is running; it goes on after the next start. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.send('stop');
    await this.ended;
  }

  private send(message: ToTrainingThread): void {
    this.worker?.postMessage(message);
  }

  private replace(error: unknown): void {
    if (this.stopping) return;
    this.logger.error({ err: error }, 'the training thread ended unexpectedly; it starts again');
    setTimeout(() => {
      if (!this.stopping) this.start().catch((again: unknown) => this.replace(again));
    }, restartDelayMs);
  }
}
