import type { Database } from '../../../infra/database/database.ts';
import { SizedCache } from '../../../infra/sized-cache.ts';
import { IdList } from '../../../infra/storage/id-list.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { Snapshot } from '../../../schema/contracts/training.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { notFound } from '../../errors.ts';

/** Four snapshots of a million images. */
const cachedBytes = 64_000_000;

/** Which images a training saw. */
export class SnapshotImages {
  private readonly lists = new SizedCache<IdList>(cachedBytes, ({ bytes }) => bytes.length);

  constructor(
    private readonly database: Database,
    private readonly storage: Storage,
  ) {}

  /** Empty while there is no snapshot. @throws DomainError when the project has no such iteration */
  async of(projectId: string, iterationId: string): Promise<IdList> {
    if (!(await this.database.read.manager.existsBy(Iteration, { id: iterationId, projectId })))
      throw notFound('iteration of this project', iterationId);
    try {
      return await this.lists.get(iterationId, () => this.load(iterationId));
    } catch (error) {
      // Not kept: the snapshot may be about to be taken.
      if (error instanceof ObjectNotFound) return IdList.of([]);
      throw error;
    }
  }

  private async load(iterationId: string): Promise<IdList> {
    try {
      return new IdList(await this.storage.get(keys.snapshotImages(iterationId)));
    } catch (error) {
      if (!(error instanceof ObjectNotFound)) throw error;
      // A snapshot of an earlier version stands alone.
      const { images } = JSON.parse((await this.storage.get(keys.snapshot(iterationId))).toString()) as Snapshot;
      return IdList.of(images.map(({ id }) => id));
    }
  }
}
