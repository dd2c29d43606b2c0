/** No more transactions than this can be under way at once, so an id further back is not waited for. */
const reach = 1000;

/**
 * Ids are given out when a row is written and seen when it is committed, so on a server database a lower one can appear
 * after a higher one. This remembers which ids were passed over, until they appear or are too old to: a transaction
 * that was undone leaves its id unused for good.
 */
export class PassedOver {
  private last = 0;
  private readonly missing = new Map<number, number>();
  /** Those that appeared late, for clients that come back and may have been away just then. */
  private readonly late = new Map<number, number>();

  constructor(private readonly windowMs: number) {}

  /** The highest id that was seen. */
  get highest(): number {
    return this.last;
  }

  /** Ids that may still appear. */
  get open(): number[] {
    return [...this.missing.keys()];
  }

  /** Ids up to `id` that somebody who has seen `id` may have missed. */
  doubtful(id: number): number[] {
    return [...this.missing.keys(), ...this.late.keys()].filter((other) => other <= id);
  }

  /** Neither this id nor those below will be new. */
  startAfter(id: number): void {
    this.last = id;
  }

  /** Takes note of an id. Whether it is new, came late, or was seen before. */
  note(id: number): 'new' | 'late' | 'seen' {
    const nowMs = Date.now();
    if (id > this.last) {
      for (let passed = Math.max(this.last + 1, id - reach); passed < id; passed++) this.missing.set(passed, nowMs);
      this.last = id;
      return 'new';
    }
    if (!this.missing.delete(id)) return 'seen';
    this.late.set(id, nowMs);
    return 'late';
  }

  forget(): void {
    const oldestMs = Date.now() - this.windowMs;
    for (const ids of [this.missing, this.late])
      for (const [id, sinceMs] of ids) if (sinceMs <= oldestMs) ids.delete(id);
  }
}
