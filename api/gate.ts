import { Lanes } from '../infra/lanes.ts';
import { DomainError } from './errors.ts';

interface GateOptions {
  /** Pieces of work at the same time. */
  concurrency: number;
  /** Most that wait; further ones are refused at once, which is kinder than a time-out. */
  queueLimit: number;
  /** Told of every change of the number waiting. */
  onDepth?: (waiting: number) => void;
}

/** Lanes with a queue that can be full. */
export class Gate {
  private readonly lanes: Lanes;
  /** Smoothed duration of one piece, for the hint when to come back. */
  private meanMs = 50;

  constructor(private readonly options: GateOptions) {
    this.lanes = new Lanes(options.concurrency, options.onDepth);
  }

  /** @throws DomainError TOO_BUSY, with `retryAfterSeconds`, when the queue is full */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.lanes.isFull && this.lanes.depth >= this.options.queueLimit) throw this.tooBusy();
    return this.lanes.run(async () => {
      const startedMs = performance.now();
      const result = await work();
      this.meanMs = 0.9 * this.meanMs + 0.1 * (performance.now() - startedMs);
      return result;
    });
  }

  private tooBusy(): DomainError {
    const { concurrency, queueLimit } = this.options;
    const retryAfterSeconds = Math.max(1, Math.ceil((this.meanMs * this.lanes.depth) / concurrency / 1000));
    const message = `The server is busy: ${queueLimit} requests are already waiting. Try again in ${retryAfterSeconds} s.`;
    return new DomainError('TOO_BUSY', message, { queueLimit, retryAfterSeconds });
  }
}
