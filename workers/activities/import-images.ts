import type { EntityManager } from 'typeorm';
import { announceImport } from '../../infra/project-copies/announce-import.ts';
import type { CopiedImage, CopySource } from '../../infra/project-copies/contents.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ImportedImages, ImportImagesInput } from '../../schema/contracts/import.ts';
import type { Image } from '../../schema/entities/image.entity.ts';
import { ProjectImport } from '../../schema/entities/project-import.entity.ts';
import { newId } from '../../schema/id.ts';
import { ImageRefusal, inspectImage, perceptualHash } from '../ml/images/image.ts';
import type { ActivityDeps } from './deps.ts';
import { checkHash, lockImport, openImport } from './import-source.ts';
import { insertCopies, type Copy } from './insert-copies.ts';

/** Each may be as large as an image may be. */
const fetchedAtOnce = 4;
/** A history has room for some 8000 calls: with one page each, a project of half a million images did not fit. */
const pagesPerCall = 20;
/** After so long no other page is begun, so that a slow source does not use up the time of an attempt. */
const beginUntilMs = 10 * 60_000;

/**
 * Copies pages of images, each in a transaction with the mark of how far the import is. What was committed by an attempt
 * which nobody heard of is passed over, and so is no image made twice.
 */
export const importImages =
  (deps: ActivityDeps) =>
  async ({ projectId, after }: ImportImagesInput, context: ActivityContext): Promise<ImportedImages> => {
    const { row, source } = await openImport(deps, projectId);
    const beginUntil = Date.now() + beginUntilMs;
    let reached = later(after, row.lastImageId);
    for (let pages = 0; pages === 0 || (pages < pagesPerCall && Date.now() < beginUntil); pages++) {
      try {
        reached = await importPage(deps, projectId, source, reached, context);
      } catch (error) {
        // The pages before it are done: in a call of its own it has all attempts again.
        if (pages > 0 && !context.signal.aborted) break;
        throw error;
      }
      if (reached === null) break;
      context.heartbeat();
    }
    return { next: reached };
  };

/** Ids sort by upload. */
const later = (one: string | null, other: string | null): string | null => ((one ?? '') > (other ?? '') ? one : other);

/** Objects first, then all rows together. Resolves to where the next page begins; null: there are no more. */
async function importPage(
  deps: ActivityDeps,
  projectId: string,
  source: CopySource,
  after: string | null,
  context: ActivityContext,
): Promise<string | null> {
  const { images, next } = await source.images(after);
  const copies: Copy[] = [];
  for (let start = 0; start < images.length; start += fetchedAtOnce) {
    context.signal.throwIfAborted();
    const group = images.slice(start, start + fetchedAtOnce).map((image) => fetchOne(deps, projectId, source, image));
    for (const copy of await Promise.all(group)) if (copy) copies.push(copy);
    context.heartbeat();
  }
  await deps.database.transact((manager) => commit(manager, deps, projectId, { images, copies }));
  return next;
}

/** Ids sort by upload, so the last one of a page tells whether the page is done. */
const isDone = ({ lastImageId }: ProjectImport, images: readonly CopiedImage[]): boolean =>
  lastImageId !== null && images.every(({ id }) => id <= lastImageId);

/** Null for an image that is left out: it was deleted at the source meanwhile, or is none for this server. */
async function fetchOne(
  { storage, imageLimits }: ActivityDeps,
  projectId: string,
  source: CopySource,
  copied: CopiedImage,
): Promise<Copy | null> {
  const id = newId();
  const bytes = await source.original(copied.id);
  if (!bytes) return null;
  checkHash(`Image ${copied.id}`, bytes, copied.sha256);
  try {
    const { format, width, height } = await inspectImage(bytes, imageLimits);
    const facts = { format, width, height, perceptualHash: await perceptualHash(bytes) };
    const { sizeBytes } = await storage.put(keys.imageOriginal(projectId, id), bytes);
    const { name, isTest, sha256 } = copied;
    const image = { id, projectId, name: name.slice(0, 255), ...facts, sizeBytes, sha256, isTest };
    return { image: { ...image, isTagged: false, createdAt: new Date() } satisfies Image, copied };
  } catch (error) {
    if (error instanceof ImageRefusal) return null;
    throw error;
  }
}

async function commit(
  manager: EntityManager,
  { imagesPerProject }: ActivityDeps,
  projectId: string,
  { images, copies }: { images: readonly CopiedImage[]; copies: readonly Copy[] },
): Promise<void> {
  const { row, project } = await lockImport(manager, projectId);
  if (isDone(row, images)) return;
  const { tagIds } = row;
  const importedCount =
    row.importedCount + (await insertCopies(manager, project, copies, { tagIds, imagesPerProject }));
  const leftOutCount = row.leftOutCount + images.length - copies.length;
  const lastImageId = images.at(-1)?.id ?? row.lastImageId;
  await manager.update(ProjectImport, { projectId }, { importedCount, leftOutCount, lastImageId });
  await announceImport(manager, projectId);
}
