const idBytes = 16;

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

/** Many ids in ascending order, as an object holds them: sixteen bytes each, so that a million are read in no time. */
export class IdList {
  constructor(readonly bytes: Buffer) {}

  static of(ids: readonly string[]): IdList {
    return new IdList(Buffer.concat(ids.map(bytesOf)));
  }

  get length(): number {
    return this.bytes.length / idBytes;
  }

  has(id: string): boolean {
    const at = this.countBelow(id);
    return at < this.length && this.at(at) === id;
  }

  /** Ids from a place on, in order. */
  slice(from: number, to: number): string[] {
    return Array.from({ length: Math.max(0, Math.min(to, this.length) - from) }, (_, i) => this.at(from + i));
  }

  /** How many come before this id. */
  countBelow(id: string): number {
    const wanted = bytesOf(id);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bytes.compare(wanted, 0, idBytes, middle * idBytes, (middle + 1) * idBytes) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private at(index: number): string {
    const hex = this.bytes.toString('hex', index * idBytes, (index + 1) * idBytes);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
