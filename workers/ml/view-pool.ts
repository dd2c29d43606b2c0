/** Keeps the packs of views that were used last within a bound; of a set that is larger, some are read again. */
export class ViewPool<Pack> {
  private readonly packs = new Map<number, { pack: Pack; bytes: number }>();
  private totalBytes = 0;

  constructor(
    private readonly loadViews: (picture: number) => Promise<Uint8Array>,
    private readonly readPack: (bytes: Uint8Array) => Pack,
    private readonly budgetBytes: number,
  ) {}

  async get(picture: number): Promise<Pack> {
    const known = this.packs.get(picture);
    this.packs.delete(picture);
    const entry = known ?? (await this.read(picture));
    this.packs.set(picture, entry);
    this.makeRoom(picture);
    return entry.pack;
  }

  private async read(picture: number): Promise<{ pack: Pack; bytes: number }> {
    const bytes = await this.loadViews(picture);
    this.totalBytes += bytes.byteLength;
    return { pack: this.readPack(bytes), bytes: bytes.byteLength };
  }

  private makeRoom(newest: number): void {
    for (const [picture, { bytes }] of this.packs) {
      if (this.totalBytes <= this.budgetBytes || picture === newest) return;
      this.packs.delete(picture);
      this.totalBytes -= bytes;
    }
  }
}
