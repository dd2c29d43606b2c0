import type { EntityManager } from 'typeorm';
import { announceImport } from '../../infra/project-copies/announce-import.ts';
import { factsOf, iterationFiles } from '../../infra/project-copies/contents.ts';
import type { CopiedIteration, CopySource, IterationFile } from '../../infra/project-copies/contents.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ImportedIteration, ImportIterationInput } from '../../schema/contracts/import.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { ProjectImport } from '../../schema/entities/project-import.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { IterationStatus, ProjectKind, TrainingPhase } from '../../schema/enums.ts';
import { newId } from '../../schema/id.ts';
import { sha256 } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { checkHash, lockImport, openImport } from './import-source.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { translateIteration, type TranslatedIteration, type Translation } from './translated-iteration.ts';

/** Content version that matches no state of a project: the images of a copy need not be those that the source was trained on. */
const foreignContent = -1;

/**
 * Copies the next iteration: objects first, then its row together with the mark of how far the import is. One that was
 * committed by an attempt which nobody heard of is passed over. It comes when all images are there, whose ids it names.
 */
export const importIteration =
  (deps: ActivityDeps) =>
  ({ projectId, after }: ImportIterationInput, context: ActivityContext): Promise<ImportedIteration> =>
    withHeartbeat(
      context,
      () => ({}),
      async () => {
        const { row, source } = await openImport(deps, projectId);
        const copied = await source.iteration(after);
        if (!copied) return { next: null };
        if (!isDone(row, copied)) {
          const iteration = await copyOne(deps, row, source, copied, context);
          await deps.database.transact((manager) => commit(manager, projectId, copied, iteration));
        }
        return { next: copied.id };
      },
    );

/** Ids sort by start. */
const isDone = ({ lastIterationId }: ProjectImport, { id }: CopiedIteration): boolean =>
  lastIterationId !== null && id <= lastIterationId;

/** Null for an iteration that is left out: it was deleted at the source meanwhile, or is none for this version. */
async function copyOne(
  deps: ActivityDeps,
  { projectId, tagIds }: ProjectImport,
  source: CopySource,
  copied: CopiedIteration,
  { signal }: ActivityContext,
): Promise<Iteration | null> {
  const files = await fetchFiles(source, copied, signal);
  const { kind } = await deps.database.read.manager.findOneByOrFail(Project, { id: projectId });
  const imageIds = await imageIdsOf(deps, projectId);
  const translated = files && (await translatedOrNull(files, copied, { projectId, tagIds, imageIds }));
  if (!translated || (translated.kind === 'DETECTION') !== (kind === ProjectKind.DETECTION)) return null;
  signal.throwIfAborted();
  const id = newId();
  await deps.storage.put(keys.snapshotImages(id), translated.snapshotImages);
  for (const file of iterationFiles) await deps.storage.put(keys[file](id), translated[file]);
  return newRow(id, projectId, copied, translated);
}

async function fetchFiles(
  source: CopySource,
  { id, hashes }: CopiedIteration,
  signal: AbortSignal,
): Promise<Record<IterationFile, Buffer> | null> {
  const files: Partial<Record<IterationFile, Buffer>> = {};
  for (const file of iterationFiles) {
    signal.throwIfAborted();
    const promised = hashes[file];
    const bytes = await source.iterationFile(id, file);
    if (!bytes || promised === null) return null;
    checkHash(`The ${file} of iteration ${id}`, bytes, promised);
    files[file] = bytes;
  }
  return files as Record<IterationFile, Buffer>;
}

async function imageIdsOf({ database }: ActivityDeps, projectId: string): Promise<Map<string, string>> {
  const select = { id: true, sha256: true };
  const images = await database.read.manager.find(Image, { select, where: { projectId } });
  return new Map(images.map((image) => [image.sha256, image.id]));
}

/** The bytes are those of the source, so that what cannot be read now will not be readable later. */
async function translatedOrNull(
  files: Record<IterationFile, Buffer>,
  { tagIds }: CopiedIteration,
  translation: Translation,
): Promise<TranslatedIteration | null> {
  try {
    return await translateIteration(files, tagIds, translation);
  } catch {
    return null;
  }
}

function newRow(
  id: string,
  projectId: string,
  copied: CopiedIteration,
  { snapshot, model, tagIds }: TranslatedIteration,
): Iteration {
  const state = { status: IterationStatus.COMPLETED, phase: TrainingPhase.DONE, fraction: 1, progressedAt: 0 };
  const files = { snapshotSha256: sha256(snapshot), modelSha256: sha256(model) };
  const own = { contentVersion: foreignContent, message: 'The model was copied.', error: null };
  return { ...factsOf(copied), id, projectId, tagIds, ...state, ...files, ...own };
}

async function commit(
  manager: EntityManager,
  projectId: string,
  copied: CopiedIteration,
  iteration: Iteration | null,
): Promise<void> {
  const { row } = await lockImport(manager, projectId);
  if (isDone(row, copied)) return;
  if (iteration) await manager.insert(Iteration, iteration);
  const counted = iteration
    ? { importedIterationCount: row.importedIterationCount + 1 }
    : { leftOutIterationCount: row.leftOutIterationCount + 1 };
  await manager.update(ProjectImport, { projectId }, { ...counted, lastIterationId: copied.id });
  await announceImport(manager, projectId);
}
