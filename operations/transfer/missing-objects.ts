import { In, type EntityManager, type ObjectLiteral } from 'typeorm';
import { keys } from '../../infra/storage/keys.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Prediction } from '../../schema/entities/prediction.entity.ts';
import { IterationStatus } from '../../schema/enums.ts';
import { readPages } from './row-pages.ts';
import { TransferObject } from './transfer-journal.entity.ts';

/** An object that a row names, with its hash where the row tells it. */
interface Needed {
  key: string;
  sha256?: string | null;
}

type EntityOf<T> = new () => T;

async function* neededOf<T extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityOf<T>,
  objectsOf: (row: T) => Needed[],
): AsyncGenerator<Needed[]> {
  for await (const { rows } of readPages(manager, manager.dataSource.getMetadata(entity)))
    yield (rows as T[]).flatMap(objectsOf);
}

/** Without these a row is worth nothing. Others (small pictures, features) are made again when they lack. */
async function* allNeeded(manager: EntityManager): AsyncGenerator<Needed[]> {
  yield* neededOf(manager, Image, ({ projectId, id, sha256 }) => [{ key: keys.imageOriginal(projectId, id), sha256 }]);
  yield* neededOf(manager, Iteration, ({ id, status, modelSha256 }) =>
    status === IterationStatus.COMPLETED
      ? [{ key: keys.model(id), sha256: modelSha256 }, { key: keys.evaluation(id) }]
      : [],
  );
  yield* neededOf(manager, Prediction, ({ projectId, id, isStored }) =>
    isStored ? [{ key: keys.predictionOriginal(projectId, id) }] : [],
  );
}

/** Keys that rows of the target name and that were not copied, or not with the bytes that the row tells. */
export async function missingObjects(target: EntityManager): Promise<string[]> {
  const missing: string[] = [];
  for await (const needed of allNeeded(target)) {
    const found = await target.findBy(TransferObject, { key: In(needed.map(({ key }) => key)) });
    const hashes = new Map(found.map(({ key, sha256 }) => [key, sha256]));
    const isThere = ({ key, sha256 }: Needed): boolean => hashes.get(key) === (sha256 ?? hashes.get(key) ?? null);
    missing.push(...needed.filter((object) => !isThere(object)).map(({ key }) => key));
  }
  return missing;
}
