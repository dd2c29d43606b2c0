import { DomainError } from './errors.ts';

interface GateOptions {
  /** Pieces of work at the same time. */
  concurrency: number;
  /** Most that wait; further ones are refused at once, which is kinder than a time-out. */
  queueLimit: number;
  /** Told of every change of the number waiting. */
  onDepth?: (waiting: number) => void;
}

/** Lets a bounded number of pieces of work through, in the order in which they came. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** Smoothed duration of one piece, for the hint when to come back. */
  private meanMs = 50;

  constructor(private readonly options: GateOptions) {}

  /** @throws DomainError TOO_BUSY, with `retryAfterSeconds`, when the queue is full */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    const startedMs = performance.now();
    try {
      return await work();
    } finally {
      this.meanMs = 0.9 * this.meanMs + 0.1 * (performance.now() - startedMs);
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    const { concurrency, queueLimit } = this.options;
    if (this.running < concurrency) {
      this.running++;
      return;
    }
    if (this.waiting.length >= queueLimit) throw this.tooBusy();
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      this.options.onDepth?.(this.waiting.length);
    });
  }

  /** The place is handed on directly, so that nobody overtakes the first in line. */
  private leave(): void {
    const next = this.waiting.shift();
    if (!next) {
      this.running--;
      return;
    }
    this.options.onDepth?.(this.waiting.length);
    next();
  }

  private tooBusy(): DomainError {
    const { concurrency, queueLimit } = this.options;
    const retryAfterSeconds = Math.max(1, Math.ceil((this.meanMs * this.waiting.length) / concurrency / 1000));
    const message = `The server is busy: ${queueLimit} requests wait already. Try again in ${retryAfterSeconds} s.`;
    return new DomainError('TOO_BUSY', message, { queueLimit, retryAfterSeconds });
  }
}
