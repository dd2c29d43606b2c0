import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { Database } from '../../../infra/database/database.ts';
import type { Snapshot } from '../../../schema/contracts/training.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { notFound } from '../../errors.ts';

/** A tag as a training knew it. */
export interface TrainedTagCount {
  id: string;
  name: string;
  type: 'REGULAR' | 'NEGATIVE';
  /** Images of the training that have it. */
  imageCount: number;
}

/** Which tags a training saw. */
export class SnapshotTags {
  constructor(
    private readonly database: Database,
    private readonly storage: Storage,
  ) {}

  /** Empty while there is no snapshot. @throws DomainError when the project has no such iteration */
  async of(projectId: string, iterationId: string): Promise<TrainedTagCount[]> {
    if (!(await this.database.read.manager.existsBy(Iteration, { id: iterationId, projectId })))
      throw notFound('iteration of this project', iterationId);
    const snapshot = await this.load(iterationId);
    if (!snapshot) return [];
    const counts = new Array<number>(snapshot.tags.length).fill(0);
    for (const { tagIndexes } of snapshot.images)
      for (const index of tagIndexes) counts[index] = (counts[index] ?? 0) + 1;
    return snapshot.tags.map((tag, i) => ({ ...tag, imageCount: counts[i] ?? 0 }));
  }

  private async load(iterationId: string): Promise<Snapshot | null> {
    try {
      return JSON.parse((await this.storage.get(keys.snapshot(iterationId))).toString()) as Snapshot;
    } catch (error) {
      if (error instanceof ObjectNotFound) return null;
      throw error;
    }
  }
}
