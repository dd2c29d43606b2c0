import { SizedCache } from '../../infra/sized-cache.ts';
import { keys } from '../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../infra/storage/storage.ts';
import type { SnapshotImage } from '../../schema/contracts/training.ts';
import { ImageRefusal } from '../ml/images/image.ts';

/** Enough for the pictures of a few shards, whose views mix with each other. */
const keptBytes = 64 * 2 ** 20;

/** Pictures as they were sent; those that were read last stay for a while. */
export class Originals {
  private readonly known = new SizedCache<Buffer>(keptBytes, ({ byteLength }) => byteLength);

  constructor(private readonly storage: Storage) {}

  /** @throws ImageRefusal for an image that was deleted since the snapshot: it is left out like one that cannot be decoded */
  async load({ projectId, id }: SnapshotImage): Promise<Buffer> {
    try {
      return await this.known.get(id, () => this.storage.get(keys.imageOriginal(projectId, id)));
    } catch (error) {
      if (!(error instanceof ObjectNotFound)) throw error;
      throw new ImageRefusal('UNREADABLE', 'It was deleted during the training.');
    }
  }
}
