interface Entry<T> {
  value: Promise<T>;
  bytes: number;
  /** Calls of `use` that are under way. */
  users: number;
}

/** Keeps what was loaded last, within a budget of memory: the least recently used goes first. */
export class SizedCache<T> {
  /** In order of use; a promise from the first request on, so that a crowd loads only once. */
  private readonly entries = new Map<string, Entry<T>>();
  private totalBytes = 0;

  constructor(
    private readonly budgetBytes: number,
    private readonly sizeOf: (value: T) => number,
    private readonly dispose: (value: T) => Promise<void> = () => Promise.resolve(),
  ) {}

  get usedBytes(): number {
    return this.totalBytes;
  }

  /** For what needs no disposing. */
  get(key: string, load: () => Promise<T>): Promise<T> {
    return this.use(key, load, (value) => Promise.resolve(value));
  }

  /** Nothing is disposed of while it is worked with. */
  async use<R>(key: string, load: () => Promise<T>, work: (value: T) => Promise<R>): Promise<R> {
    const entry = this.entryOf(key, load);
    entry.users++;
    try {
      return await work(await entry.value);
    } finally {
      entry.users--;
      this.disposeIfUnused(key, entry);
    }
  }

  private entryOf(key: string, load: () => Promise<T>): Entry<T> {
    const known = this.entries.get(key);
    this.entries.delete(key);
    const entry = known ?? { value: load(), bytes: 0, users: 0 };
    this.entries.set(key, entry);
    if (!known) {
      entry.value.then(
        (value) => this.account(key, entry, value),
        () => this.entries.get(key) === entry && this.entries.delete(key),
      );
    }
    return entry;
  }

  private account(key: string, entry: Entry<T>, value: T): void {
    if (this.entries.get(key) !== entry) return;
    entry.bytes = this.sizeOf(value);
    this.totalBytes += entry.bytes;
    for (const [oldest, old] of this.entries) {
      if (this.totalBytes <= this.budgetBytes) return;
      // One that is too large on its own is used now and not kept.
      this.entries.delete(oldest);
      this.totalBytes -= old.bytes;
      this.disposeIfUnused(oldest, old);
    }
  }

  private disposeIfUnused(key: string, entry: Entry<T>): void {
    if (entry.users > 0 || this.entries.get(key) === entry) return;
    entry.value.then((value) => this.dispose(value)).catch(() => undefined);
  }
}
