/** Keeps what was loaded last, within a budget of memory: the least recently used goes first. */
export class SizedCache<T> {
  /** In order of use; a promise from the first request on, so that a crowd loads only once. */
  private readonly entries = new Map<string, { value: Promise<T>; bytes: number }>();
  private totalBytes = 0;

  constructor(
    private readonly budgetBytes: number,
    private readonly sizeOf: (value: T) => number,
  ) {}

  get usedBytes(): number {
    return this.totalBytes;
  }

  async get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    if (known) {
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.value;
    }
    const entry = { value: load(), bytes: 0 };
    this.entries.set(key, entry);
    try {
      this.account(key, entry, await entry.value);
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
    return entry.value;
  }

  private account(key: string, entry: { bytes: number }, value: T): void {
    if (this.entries.get(key) !== entry) return;
    entry.bytes = this.sizeOf(value);
    this.totalBytes += entry.bytes;
    for (const [oldest, { bytes }] of this.entries) {
      if (this.totalBytes <= this.budgetBytes) return;
      // One that is too large on its own is used now and not kept.
      this.entries.delete(oldest);
      this.totalBytes -= bytes;
    }
  }
}
