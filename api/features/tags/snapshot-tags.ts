import type { Database } from '../../../infra/database/database.ts';
import { SizedCache } from '../../../infra/sized-cache.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound } from '../../../infra/storage/storage.ts';
import type { EvaluationPort, TrainedTagCount } from '../../../schema/contracts/evaluation.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { notFound } from '../../errors.ts';

export type { TrainedTagCount } from '../../../schema/contracts/evaluation.ts';

/** A hundred trainings with 500 tags each. */
const cachedBytes = 16_000_000;
/** An object with an id, a number and short keys, besides its name. */
const bytesOfCount = 200;

/** Which tags a training saw. What a training saw never changes, so that it is counted once and kept. */
export class SnapshotTags {
  private readonly counts = new SizedCache<TrainedTagCount[]>(cachedBytes, (tags) =>
    tags.reduce((sum, { name }) => sum + bytesOfCount + 2 * name.length, bytesOfCount),
  );

  constructor(
    private readonly database: Database,
    private readonly evaluations: EvaluationPort,
  ) {}

  /** Empty while there is no snapshot. @throws DomainError when the project has no such iteration */
  async of(projectId: string, iterationId: string): Promise<readonly TrainedTagCount[]> {
    if (!(await this.database.read.manager.existsBy(Iteration, { id: iterationId, projectId })))
      throw notFound('iteration of this project', iterationId);
    try {
      return await this.counts.get(iterationId, () => this.count(iterationId));
    } catch (error) {
      // Not kept: the snapshot may be about to be taken.
      if (error instanceof ObjectNotFound) return [];
      throw error;
    }
  }

  private async count(iterationId: string): Promise<TrainedTagCount[]> {
    const counts = await this.evaluations.countTrainedTags(iterationId);
    if (counts === null) throw new ObjectNotFound(keys.snapshot(iterationId));
    return counts;
  }
}
