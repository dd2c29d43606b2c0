/** Lets so many pieces of work run at once, in the order in which they came, across all shards of a process. */
export class Lanes {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly count: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.count) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The lane is handed on, so that nobody overtakes the first in line.
      if (next) next();
      else this.running--;
    }
  }
}
