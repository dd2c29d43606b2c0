import { SizedCache } from '../../infra/sized-cache.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import type { SnapshotImage } from '../../schema/contracts/training.ts';

/** Enough for the pictures of a few shards, whose views mix with each other. */
const keptBytes = 64 * 2 ** 20;

/** Pictures as they were sent; those that were read last stay for a while. */
export class Originals {
  private readonly known = new SizedCache<Buffer>(keptBytes, ({ byteLength }) => byteLength);

  constructor(private readonly storage: Storage) {}

  load({ projectId, id }: SnapshotImage): Promise<Buffer> {
    return this.known.get(id, () => this.storage.get(keys.imageOriginal(projectId, id)));
  }
}
