import { In } from 'typeorm';
import { IdList } from '../../infra/storage/id-list.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { Snapshot, TrainIterationInput } from '../../schema/contracts/training.ts';
import { ImageTag } from '../../schema/entities/image-tag.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import { ClassificationType, IterationStatus, TagType, TrainingPhase } from '../../schema/enums.ts';
import { sha256 } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { reportProgress } from './progress.ts';

/** Images a shard: small enough that a lost worker costs little, large enough that the journal stays short. */
export const shardSize = 256;

/** In multi-class the Negative tag is a class like any other; in multi-label it stands for having no tag. */
function learnedTags(tags: Tag[], kind: Snapshot['kind']): Tag[] {
  return kind === 'MULTICLASS' ? tags : tags.filter((tag) => tag.type === TagType.REGULAR);
}

async function readSnapshot({ database }: ActivityDeps, iteration: Iteration): Promise<Snapshot> {
  const { manager } = database.read;
  const { projectId } = iteration;
  const project = await manager.findOneByOrFail(Project, { id: projectId });
  const kind = project.classificationType === ClassificationType.MULTILABEL ? 'MULTILABEL' : 'MULTICLASS';
  const wanted = iteration.tagIds === null ? { projectId } : { projectId, id: In(iteration.tagIds) };
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
  return { kind, tags: learned.map(({ id, name, type }) => ({ id, name, type })), images };
}

export const takeSnapshot =
  (deps: ActivityDeps) =>
  async ({ iterationId }: TrainIterationInput): Promise<{ shardCount: number }> => {
    const iteration = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const snapshot = await readSnapshot(deps, iteration);
    const bytes = Buffer.from(JSON.stringify(snapshot));
    const ids = IdList.of(snapshot.images.map(({ id }) => id));
    await deps.storage.put(keys.snapshotImages(iterationId), ids.bytes);
    await deps.storage.put(keys.snapshot(iterationId), bytes);
    await deps.database.transact(async (manager) => {
      const facts = { snapshotSha256: sha256(bytes), imageCount: snapshot.images.length };
      await manager.update(Iteration, { id: iterationId }, facts);
      const message = `${snapshot.images.length} images, ${snapshot.tags.length} tags`;
      const progress = { status: IterationStatus.TRAINING, phase: TrainingPhase.FEATURES, fraction: 0, message };
      await reportProgress(manager, iterationId, progress);
    });
    return { shardCount: Math.ceil(snapshot.images.length / shardSize) };
  };

/** The snapshot as it was taken. */
export async function loadSnapshot({ storage }: ActivityDeps, iterationId: string): Promise<Snapshot> {
  return JSON.parse((await storage.get(keys.snapshot(iterationId))).toString()) as Snapshot;
}
