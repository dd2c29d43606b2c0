import type { Database } from '../infra/database/database.ts';
import type { Logger } from '../infra/logger.ts';
import type { Metrics } from '../infra/metrics.ts';
import { keys, ownedPrefixes, ownerOf, type ObjectOwner, type OwnerKind } from '../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../infra/storage/storage.ts';
import { CachedFeature } from '../schema/entities/cached-feature.entity.ts';
import { Export } from '../schema/entities/export.entity.ts';
import { Image } from '../schema/entities/image.entity.ts';
import { Iteration } from '../schema/entities/iteration.entity.ts';
import { Prediction } from '../schema/entities/prediction.entity.ts';
import { Upload } from '../schema/entities/upload.entity.ts';
import { timeOfId } from '../schema/id.ts';

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

/** Where the id of an owner stands while it is alive. */
const rowsOf: Record<OwnerKind, { entity: new () => object; idProperty: string }> = {
  upload: { entity: Upload, idProperty: 'id' },
  iteration: { entity: Iteration, idProperty: 'id' },
  export: { entity: Export, idProperty: 'id' },
  image: { entity: Image, idProperty: 'id' },
  prediction: { entity: Prediction, idProperty: 'id' },
  featurePack: { entity: CachedFeature, idProperty: 'packId' },
};
/** Rows asked for in one query; few enough for the parameters that a statement may have. */
const batchSize = 500;

/**
 * Removes objects whose row never came to be or is gone: an object is stored before its row and deleted after it, so a
 * crash between the two leaves it behind.
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
      for (const owner of await this.withoutRow(owners)) {
        await this.remove(owner);
        this.count(removed, owner.kind, 1);
      }
    }
    if (Object.keys(removed).length > 0)
      this.deps.logger.info({ removed }, 'stored objects without a row were removed');
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

  private async withoutRow(owners: readonly ObjectOwner[]): Promise<ObjectOwner[]> {
    const alive = new Set<string>();
    for (const kind of Object.keys(rowsOf) as OwnerKind[]) {
      const ids = owners.filter((owner) => owner.kind === kind).map(({ id }) => id);
      if (ids.length > 0) for (const id of await this.aliveOf(kind, ids)) alive.add(id);
    }
    return owners.filter(({ id }) => !alive.has(id));
  }

  private async aliveOf(kind: OwnerKind, ids: readonly string[]): Promise<string[]> {
    const { entity, idProperty } = rowsOf[kind];
    const query = this.deps.database.read.manager.createQueryBuilder(entity, 'row_of');
    const id = `row_of.${idProperty}`;
    const rows = await query
      .select(id, 'id')
      .distinct()
      .where(`${id} IN (:...ids)`, { ids })
      .getRawMany<{ id: string }>();
    return rows.map((row) => row.id);
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
