/** Makes what a key stands for when it is first asked for, and again only after a failure: the next one who asks may have more luck. */
export class OnceEach<Key, T> {
  private readonly made = new Map<Key, Promise<T>>();

  constructor(private readonly make: (key: Key) => Promise<T>) {}

  of(key: Key): Promise<T> {
    const known = this.made.get(key);
    if (known) return known;
    const making = this.make(key).catch((error: unknown) => {
      this.made.delete(key);
      throw error;
    });
    this.made.set(key, making);
    return making;
  }

  /** What there is by now. */
  async all(): Promise<T[]> {
    return Promise.all(this.made.values());
  }
}
