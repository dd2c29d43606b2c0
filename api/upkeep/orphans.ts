import type { Database } from '../../infra/database/database.ts';
import type { Logger } from '../../infra/logger.ts';
import type { Metrics } from '../../infra/metrics.ts';
import { keys, ownedPrefixes, ownerOf, type ObjectOwner, type OwnerKind } from '../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../infra/storage/storage.ts';
import { CachedFeature } from '../../schema/entities/cached-feature.entity.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Prediction } from '../../schema/entities/prediction.entity.ts';
import { Upload } from '../../schema/entities/upload.entity.ts';
import { IterationStatus } from '../../schema/enums.ts';
import { timeOfId } from '../../schema/id.ts';
import { openStatuses } from '../features/training/training-run.ts';

interface OrphanDeps {
  database: Database;
  storage: Storage;
  /** What the storage must be marked with before anything of it is removed. */
  installationId: string;
  metrics: Pick<Metrics, 'orphansRemoved'>;
  logger: Logger;
}

type OrphanKind = OwnerKind | 'unfinished';
type Removed = Partial<Record<OrphanKind, number>>;

interface Rows {
  entity: new () => object;
  idProperty: string;
  /** Of the rows that need their objects; all rows without it. */
  statuses?: readonly string[];
}

/** Where the id of an owner stands while it is alive. A training that failed or was cancelled has nothing to keep. */
const rowsOf: Record<OwnerKind, Rows> = {
  upload: { entity: Upload, idProperty: 'id' },
  trainingWork: { entity: Iteration, idProperty: 'id', statuses: openStatuses },
  iteration: { entity: Iteration, idProperty: 'id', statuses: [...openStatuses, IterationStatus.COMPLETED] },
  export: { entity: Export, idProperty: 'id' },
  image: { entity: Image, idProperty: 'id' },
  prediction: { entity: Prediction, idProperty: 'id' },
  featurePack: { entity: CachedFeature, idProperty: 'packId' },
};
/** Rows asked for in one query; few enough for the parameters that a statement may have. */
const batchSize = 500;

/**
 * Removes objects whose row never came to be, is gone or has no more use for them: an object is stored before its row and
 * deleted after it, so a crash between the two leaves it behind; and what a worker that was cut off still stores comes
 * after everything was cleared away.
 */
export class OrphanCollector {
  constructor(private readonly deps: OrphanDeps) {}

  /** Leaves alone whatever may still be under way, that is, what is younger than `minimumAgeMs`. */
  async collect(minimumAgeMs: number, signal: AbortSignal): Promise<Removed> {
    if (!(await this.isOurs())) return {};
    const before = new Date(Date.now() - minimumAgeMs);
    const removed: Removed = {};
    this.count(removed, 'unfinished', await this.deps.storage.discardUnfinished(before));
    for await (const owners of this.oldOwners(before)) {
      if (signal.aborted) break;
      for (const owner of await this.orphansAmong(owners)) {
        await this.remove(owner);
        this.count(removed, owner.kind, 1);
      }
    }
    if (Object.keys(removed).length > 0)
      this.deps.logger.info({ removed }, 'stored objects that no row needs were removed');
    return removed;
  }

  /** With another database than its own every object of a storage looks like an orphan. */
  private async isOurs(): Promise<boolean> {
    const { storage, installationId, logger } = this.deps;
    const mark = await storage.get(keys.installation()).catch((error: unknown) => {
      if (error instanceof ObjectNotFound) return null;
      throw error;
    });
    if (mark === null) await storage.put(keys.installation(), Buffer.from(installationId));
    else if (mark.toString() !== installationId) {
      logger.warn(
        `The storage belongs to another database, so nothing was removed; if that is wrong, delete its object “${keys.installation()}”.`,
      );
      return false;
    }
    return true;
  }

  /** In batches, each owner once in a batch. */
  private async *oldOwners(before: Date): AsyncGenerator<ObjectOwner[]> {
    const batch = new Map<string, ObjectOwner>();
    for (const prefix of ownedPrefixes)
      for await (const { key, modifiedAt } of this.deps.storage.list(prefix)) {
        const owner = ownerOf(key);
        if (!owner || modifiedAt > before || !isOlder(owner, before)) continue;
        batch.set(owner.keyOrPrefix, owner);
        if (batch.size < batchSize) continue;
        yield [...batch.values()];
        batch.clear();
      }
    if (batch.size > 0) yield [...batch.values()];
  }

  private async orphansAmong(owners: readonly ObjectOwner[]): Promise<ObjectOwner[]> {
    const orphans: ObjectOwner[] = [];
    for (const kind of Object.keys(rowsOf) as OwnerKind[]) {
      const ofKind = owners.filter((owner) => owner.kind === kind);
      if (ofKind.length === 0) continue;
      const alive = await this.aliveOf(kind, ofKind);
      orphans.push(...ofKind.filter(({ id }) => !alive.has(id)));
    }
    return orphans;
  }

  private async aliveOf(kind: OwnerKind, owners: readonly ObjectOwner[]): Promise<Set<string>> {
    const { entity, idProperty, statuses } = rowsOf[kind];
    const query = this.deps.database.read.manager.createQueryBuilder(entity, 'row_of');
    const id = `row_of.${idProperty}`;
    const ids = owners.map((owner) => owner.id);
    query.select(id, 'id').distinct().where(`${id} IN (:...ids)`, { ids });
    if (statuses) query.andWhere('row_of.status IN (:...statuses)', { statuses });
    const rows = await query.getRawMany<{ id: string }>();
    return new Set(rows.map((row) => row.id));
  }

  private remove({ keyOrPrefix }: ObjectOwner): Promise<void> {
    const { storage } = this.deps;
    return keyOrPrefix.endsWith('/') ? storage.deletePrefix(keyOrPrefix) : storage.delete(keyOrPrefix);
  }

  private count(removed: Removed, kind: OrphanKind, count: number): void {
    if (count === 0) return;
    removed[kind] = (removed[kind] ?? 0) + count;
    this.deps.metrics.orphansRemoved.inc({ kind }, count);
  }
}

/** The age in the id stays what it is when a storage is restored or moved, and does not trust the storage's clock. */
function isOlder({ id }: ObjectOwner, before: Date): boolean {
  const madeAt = timeOfId(id);
  return madeAt !== undefined && madeAt <= before;
}
