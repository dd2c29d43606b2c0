import { In, type EntityManager } from 'typeorm';
import { keys } from '../../infra/storage/keys.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Prediction } from '../../schema/entities/prediction.entity.ts';
import { ExportStatus, IterationStatus } from '../../schema/enums.ts';
import { readPages } from './row-pages.ts';
import { TransferObject } from './transfer-journal.entity.ts';

/** An object that a row names, with its hash where the row tells it. */
interface Needed {
  key: string;
  sha256?: string | null;
}

/** What has an object: rows of this kind stand for something that is deleted as a whole. */
export type Owner = typeof Image | typeof Iteration | typeof Export | typeof Prediction;
type EntityOf<T> = new () => T;

export interface MissingObject {
  key: string;
  owner: Owner;
  ownerId: string;
}

async function* neededOf<T extends { id: string }>(
  manager: EntityManager,
  owner: Owner & EntityOf<T>,
  objectsOf: (row: T) => Needed[],
): AsyncGenerator<(Needed & MissingObject)[]> {
  for await (const { rows } of readPages(manager, manager.dataSource.getMetadata(owner)))
    yield (rows as T[]).flatMap((row) => objectsOf(row).map((object) => ({ ...object, owner, ownerId: row.id })));
}

/** Without these a row is worth nothing. Others (small pictures, features) are made again when they lack. */
async function* allNeeded(manager: EntityManager): AsyncGenerator<(Needed & MissingObject)[]> {
  yield* neededOf(manager, Image, ({ projectId, id, sha256 }) => [{ key: keys.imageOriginal(projectId, id), sha256 }]);
  yield* neededOf(manager, Iteration, ({ id, status, modelSha256, snapshotSha256 }) =>
    status === IterationStatus.COMPLETED
      ? [
          { key: keys.model(id), sha256: modelSha256 },
          { key: keys.evaluation(id) },
          { key: keys.snapshot(id), sha256: snapshotSha256 },
        ]
      : [],
  );
  yield* neededOf(manager, Export, ({ id, status, sha256 }) =>
    status === ExportStatus.DONE ? [{ key: keys.exportArchive(id), sha256 }] : [],
  );
  yield* neededOf(manager, Prediction, ({ projectId, id, isStored }) =>
    isStored ? [{ key: keys.predictionOriginal(projectId, id) }] : [],
  );
}

/** What rows of the target name and what was not copied, or not with the bytes that the row tells. */
export async function missingObjects(target: EntityManager): Promise<MissingObject[]> {
  const missing: MissingObject[] = [];
  for await (const needed of allNeeded(target)) {
    const found = await target.findBy(TransferObject, { key: In(needed.map(({ key }) => key)) });
    const hashes = new Map(found.map(({ key, sha256 }) => [key, sha256]));
    const isThere = ({ key, sha256 }: Needed): boolean => hashes.get(key) === (sha256 ?? hashes.get(key) ?? null);
    missing.push(...needed.filter((object) => !isThere(object)));
  }
  return missing;
}
