import { In, type EntityManager } from 'typeorm';
import { IdList } from '../../infra/storage/id-list.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type {
  ClassificationSnapshot,
  DetectionSnapshot,
  Snapshot,
  SnapshotImage,
  SnapshotRegion,
  SnapshotResult,
  TrainIterationInput,
} from '../../schema/contracts/training.ts';
import { ImageTag } from '../../schema/entities/image-tag.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Region } from '../../schema/entities/region.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import { ClassificationType, IterationStatus, ProjectKind, TagType, TrainingPhase } from '../../schema/enums.ts';
import { sha256 } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { lockRunning, reportProgress } from './progress.ts';
import { makePlan, readPlan, writePlan, type TrainingPlan } from './training-plan.ts';

/** In multi-class the Negative tag is a class like any other; elsewhere it stands for having no tag. */
function learnedTags(tags: Tag[], kind: Snapshot['kind']): Tag[] {
  return kind === 'MULTICLASS' ? tags : tags.filter((tag) => tag.type === TagType.REGULAR);
}

const kindOf = ({ kind, classificationType }: Project): Snapshot['kind'] => {
  if (kind === ProjectKind.DETECTION) return 'DETECTION';
  return classificationType === ClassificationType.MULTILABEL ? 'MULTILABEL' : 'MULTICLASS';
};

/** The tags that an iteration learns, and everything that is tagged with one that takes part. */
interface TaggedImages {
  tags: ClassificationSnapshot['tags'];
  images: SnapshotImage[];
}

/** All as of one moment, since people go on labelling. */
function readSnapshot({ database }: ActivityDeps, iteration: Iteration): Promise<Snapshot> {
  return database.snapshot(async (manager) => {
    const project = await manager.findOneByOrFail(Project, { id: iteration.projectId });
    const kind = kindOf(project);
    const tagged = await readTagged(manager, iteration, kind);
    return kind === 'DETECTION' ? withRegions(manager, project.id, tagged) : { kind, ...tagged };
  });
}

async function readTagged(
  manager: EntityManager,
  { projectId, tagIds }: Iteration,
  kind: Snapshot['kind'],
): Promise<TaggedImages> {
  const wanted = tagIds === null ? { projectId } : { projectId, id: In(tagIds) };
  const tags = await manager.find(Tag, { where: wanted, order: { id: 'ASC' } });
  const learned = learnedTags(tags, kind);
  const indexOf = new Map(learned.map((tag, index) => [tag.id, index]));
  const known = new Set(tags.map((tag) => tag.id));
  const tagsOf = new Map<string, number[]>();
  for (const { imageId, tagId } of await manager.findBy(ImageTag, { projectId })) {
    if (!known.has(tagId)) continue;
    const index = indexOf.get(tagId);
    tagsOf.set(imageId, [...(tagsOf.get(imageId) ?? []), ...(index === undefined ? [] : [index])]);
  }
  const images = (await manager.find(Image, { where: { projectId }, order: { id: 'ASC' } })).flatMap((image) => {
    const tagIndexes = tagsOf.get(image.id)?.sort((a, b) => a - b);
    if (tagIndexes === undefined) return [];
    const { id, perceptualHash, isTest } = image;
    return [{ id, projectId, sha256: image.sha256, perceptualHash, isTest, tagIndexes }];
  });
  return { tags: learned.map(({ id, name, type }) => ({ id, name, type })), images };
}

/** An image has a tag exactly when it has a region of it, so that those without regions are the Negative ones. */
async function withRegions(
  manager: EntityManager,
  projectId: string,
  { tags, images }: TaggedImages,
): Promise<DetectionSnapshot> {
  const indexOf = new Map(tags.map(({ id }, index) => [id, index]));
  const regionsOf = new Map<string, SnapshotRegion[]>(images.map(({ id }) => [id, []]));
  for (const region of await manager.find(Region, { where: { projectId }, order: { id: 'ASC' } })) {
    const { imageId, tagId, left, top, width, height } = region;
    const tagIndex = indexOf.get(tagId);
    if (tagIndex !== undefined) regionsOf.get(imageId)?.push({ tagIndex, left, top, width, height });
  }
  const withOwn = images.map((image) => ({ ...image, regions: regionsOf.get(image.id) ?? [] }));
  return { kind: 'DETECTION', tags, images: withOwn };
}

export const takeSnapshot =
  (deps: ActivityDeps) =>
  async (
    { iterationId }: TrainIterationInput,
    { signal }: Pick<ActivityContext, 'signal'>,
  ): Promise<SnapshotResult> => {
    const iteration = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const snapshot = await readSnapshot(deps, iteration);
    const plan = await makePlan(iteration, snapshot, deps.recipes);
    return deps.database.transact(async (manager) => {
      // Cancelled meanwhile, it may have been cleaned up after by now.
      signal.throwIfAborted();
      const row = await lockRunning(manager, iterationId);
      if (row?.snapshotSha256) return resultOf(await readPlan(deps.storage, iterationId), row.imageCount);
      if (row) await store(deps, manager, iterationId, { snapshot, plan });
      return resultOf(plan, snapshot.images.length);
    });
  };

/** Under the lock of the row: an attempt that is late must not replace what others already work on. */
async function store(
  { storage }: ActivityDeps,
  manager: EntityManager,
  iterationId: string,
  { snapshot, plan }: { snapshot: Snapshot; plan: TrainingPlan },
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(snapshot));
  const ids = IdList.of(snapshot.images.map(({ id }) => id));
  await storage.put(keys.snapshotImages(iterationId), ids.bytes);
  await storage.put(keys.snapshot(iterationId), bytes);
  await writePlan(storage, iterationId, plan);
  const facts = { snapshotSha256: sha256(bytes), imageCount: snapshot.images.length };
  await manager.update(Iteration, { id: iterationId }, facts);
  const message = `${snapshot.images.length} images, ${snapshot.tags.length} tags`;
  const progress = { status: IterationStatus.TRAINING, phase: TrainingPhase.FEATURES, fraction: 0, message };
  await reportProgress(manager, iterationId, progress);
}

function resultOf(plan: TrainingPlan, imageCount: number): SnapshotResult {
  const partCount = plan.name === 'HEAD' ? 0 : plan.parts.length;
  return { shardCount: Math.ceil(imageCount / plan.shardSize), plan: plan.name, partCount };
}

/** The snapshot as it was taken. */
export async function loadSnapshot({ storage }: Pick<ActivityDeps, 'storage'>, iterationId: string): Promise<Snapshot> {
  return JSON.parse((await storage.get(keys.snapshot(iterationId))).toString()) as Snapshot;
}
