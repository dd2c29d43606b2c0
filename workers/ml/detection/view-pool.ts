import { readViewPack, type ViewPack } from './view-pack.ts';

/** Keeps the packs that were used last within a bound; of a set that is larger, some are read again. */
export class ViewPool {
  private readonly packs = new Map<number, { pack: ViewPack; bytes: number }>();
  private totalBytes = 0;

  constructor(
    private readonly loadViews: (picture: number) => Promise<Uint8Array>,
    private readonly budgetBytes: number,
  ) {}

  async get(picture: number): Promise<ViewPack> {
    const known = this.packs.get(picture);
    this.packs.delete(picture);
    const entry = known ?? (await this.read(picture));
    this.packs.set(picture, entry);
    this.makeRoom(picture);
    return entry.pack;
  }

  private async read(picture: number): Promise<{ pack: ViewPack; bytes: number }> {
    const bytes = await this.loadViews(picture);
    this.totalBytes += bytes.byteLength;
    return { pack: readViewPack(bytes), bytes: bytes.byteLength };
  }

  private makeRoom(newest: number): void {
    for (const [picture, { bytes }] of this.packs) {
      if (this.totalBytes <= this.budgetBytes || picture === newest) return;
      this.packs.delete(picture);
      this.totalBytes -= bytes;
    }
  }
}
