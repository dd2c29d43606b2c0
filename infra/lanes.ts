/** Lets so many pieces of work run at once, in the order in which they came. */
export class Lanes {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param onDepth told of every change of the number waiting */
  constructor(
    readonly count: number,
    private readonly onDepth: (waiting: number) => void = () => undefined,
  ) {}

  get isFull(): boolean {
    return this.running >= this.count;
  }

  get depth(): number {
    return this.waiting.length;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isFull) await this.queue();
    else this.running++;
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private queue(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.onDepth(this.depth);
    });
  }

  /** The lane is handed on directly, so that nobody overtakes the first in line. */
  private leave(): void {
    const next = this.waiting.shift();
    if (!next) {
      this.running--;
      return;
    }
    this.onDepth(this.depth);
    next();
  }
}
