import { In, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { forgetSuggestions } from '../../../infra/database/stale-suggestions.ts';
import { Lanes } from '../../../infra/lanes.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { authorise, type Caller, type Permission } from '../../access/access.ts';
import type { Page } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import type { Leftovers } from '../../upkeep/leftovers.ts';
import { lockProject } from '../../project-lock.ts';
import { checkCount } from '../../input-checks.ts';
import type { ProjectService } from '../projects/project.service.ts';
import { getTags, named, tagsOfProject } from '../tags/tag.service.ts';
import { refuseRegions } from '../regions/drawing.ts';
import {
  attachTag,
  attachTags,
  checkImageTags,
  countTag,
  detachTags,
  markChanged,
  noChange,
  tagRules,
  tagsOf,
  type CountChange,
  type TagOutcome,
} from '../tags/tagging.ts';
import type { TagImagesInput } from '../tags/tag.input.ts';
import type { ImageIntake, Staged } from './image-intake.ts';
import { countImages, idsOf, listImages } from './image-list.ts';
import type {
  AddImageResult,
  AddImagesInput,
  AddImagesPayload,
  DeleteImagesInput,
  ImageListArgs,
  MarkTestImagesInput,
  NewImageInput,
} from './image.input.ts';
import { checkMetadata, metadataChange, metadataOf, writeMetadata } from './metadata.ts';
import type { SetImageMetadataInput } from './metadata.input.ts';
import type { SnapshotImages } from './snapshot-images.ts';
import type { UploadService } from './upload.service.ts';

/** Images that nobody else changes until the transaction ends. */
export interface ImagesUnderLock {
  manager: EntityManager;
  project: Project;
  images: Image[];
  /** For `work` to fill in. */
  change: CountChange;
}

interface ChangeOptions {
  once?: Pick<OnceOnly, 'transact'>;
  mostImages?: number;
}

export type TagPair = Record<'imageId' | 'tagId', string>;

interface ImageServiceDeps {
  database: Database;
  leftovers: Leftovers;
  projects: ProjectService;
  uploads: UploadService;
  intake: ImageIntake;
  limits: Limits;
  snapshots: SnapshotImages;
}

/** Pictures of one batch in memory at the same time: enough that some are read and written while others are looked at. */
const stagedAtOnce = 8;

export class ImageService {
  constructor(private readonly deps: ImageServiceDeps) {}

  async get(caller: Caller, permission: Permission, id: string): Promise<Image> {
    const image = await this.deps.database.read.manager.findOneBy(Image, { id });
    if (!image) throw notFound('image', id);
    // Its project may be on its way out.
    await this.deps.projects.get(caller, permission, image.projectId);
    return image;
  }

  async list(caller: Caller, projectId: string, args: ImageListArgs): Promise<Page<Image>> {
    return listImages(this.deps, await this.deps.projects.get(caller, 'read', projectId), args);
  }

  /** How many meet the filter, exactly, where a list would say that there are at least so many. */
  async count(caller: Caller, projectId: string, args: Pick<ImageListArgs, 'filter' | 'orderBy'>): Promise<number> {
    return countImages(this.deps, await this.deps.projects.get(caller, 'read', projectId), args);
  }

  async idsOf(caller: Caller, projectId: string): Promise<Set<string>> {
    await this.deps.projects.get(caller, 'read', projectId);
    return idsOf(this.deps.database.read.manager, projectId);
  }

  /**
   * Each image of the batch has a result of its own: the good ones are kept whatever the others are.
   * @param identity by what a repeated request is known, where the input has something new each time
   */
  async add(caller: Caller, input: AddImagesInput, identity: object = input): Promise<AddImagesPayload> {
    const { database, projects, intake, limits } = this.deps;
    const project = await projects.get(caller, 'label', input.projectId);
    checkCount('images', input.images, limits.batchSize);
    checkCount('tagIds', input.tagIds, limits.tagsPerProject, 0);
    for (const [index, { tagIds }] of input.images.entries())
      checkCount(`images[${index}].tagIds`, tagIds, limits.tagsPerProject, 0);
    metadataChange(input.metadata ?? []);
    let staged: Staged[] = [];
    const stage = async (): Promise<Staged[]> => {
      const tags = await this.knownTags(input);
      const lanes = new Lanes(stagedAtOnce);
      // Before they go in side by side: lists and trainings have them in the order in which they were sent.
      const ids = input.images.map(() => newId());
      const stageOne = (image: NewImageInput, index: number) =>
        lanes.run(() => intake.stage({ project, tags }, ids[index] as string, image, input));
      staged = await Promise.all(input.images.map(stageOne));
      return staged;
    };
    const results = await OnceOnly.of(database, caller, 'addImages', identity).run(stage, (manager) =>
      intake.commit(manager, project.id, staged),
    );
    await intake.discard(staged, results);
    await this.discardUploads(input, results);
    return { results };
  }

  async tag(caller: Caller, { imageIds, tagIds }: TagImagesInput): Promise<Image[]> {
    checkCount('tagIds', tagIds, this.deps.limits.tagsPerProject, 0);
    return this.change(caller, imageIds, async ({ manager, project, images, change }) => {
      const rules = tagRules(project, this.deps.limits);
      const added = await getTags(manager, project.id, tagIds);
      checkImageTags(project, added);
      if (project.kind === ProjectKind.DETECTION) await refuseRegions(manager, images);
      const present = await tagsOf(manager, imageIds);
      for (const image of images)
        await attachTags(manager, image, { present: present.get(image.id) ?? [], added }, rules, change);
      return images;
    });
  }

  /** Pair by pair: one that is there already, or has no room, stops no other. @throws DomainError with nothing done */
  async tagPairs(caller: Caller, pairs: readonly TagPair[]): Promise<TagOutcome[]> {
    if (pairs.length === 0) return [];
    const imageIds = [...new Set(pairs.map(({ imageId }) => imageId))];
    const work = async ({ manager, project, images, change }: ImagesUnderLock): Promise<TagOutcome[]> => {
      const rules = tagRules(project, this.deps.limits);
      const tags = await getTags(
        manager,
        project.id,
        pairs.map(({ tagId }) => tagId),
      );
      const present = await tagsOf(manager, imageIds);
      const imagesById = new Map(images.map((image) => [image.id, image]));
      const tagsById = new Map(tags.map((tag) => [tag.id, tag]));
      // A tag that an image of a detection project has by a region is there already.
      const fresh = pairs.filter(({ imageId, tagId }) => !present.get(imageId)?.some(({ id }) => id === tagId));
      const among =
        (ids: string[]) =>
        ({ id }: { id: string }) =>
          ids.includes(id);
      checkImageTags(project, tags.filter(among(fresh.map(({ tagId }) => tagId))));
      const changed = images.filter(among(fresh.map(({ imageId }) => imageId)));
      if (project.kind === ProjectKind.DETECTION) await refuseRegions(manager, changed);
      const outcomes: TagOutcome[] = [];
      for (const { imageId, tagId } of pairs) {
        const image = imagesById.get(imageId) as Image;
        const own = present.get(imageId) ?? [];
        outcomes.push(
          await attachTag(manager, image, { present: own, tag: tagsById.get(tagId) as Tag }, rules, change),
        );
      }
      return outcomes;
    };
    return this.change(caller, imageIds, work, { mostImages: pairs.length });
  }

  async untag(caller: Caller, { imageIds, tagIds }: TagImagesInput): Promise<Image[]> {
    checkCount('tagIds', tagIds, this.deps.limits.tagsPerProject, 0);
    return this.change(caller, imageIds, async ({ manager, project, images, change }) => {
      checkImageTags(project, await getTags(manager, project.id, tagIds));
      await detachTags(manager, images, tagIds, change);
      return images;
    });
  }

  async markTest(caller: Caller, { imageIds, isTest }: MarkTestImagesInput): Promise<Image[]> {
    return this.change(caller, imageIds, async ({ manager, images }) => {
      await manager.update(Image, { id: In(imageIds) }, { isTest });
      return images.map((image) => ({ ...image, isTest }));
    });
  }

  async setMetadata(caller: Caller, { imageIds, metadata }: SetImageMetadataInput): Promise<Image[]> {
    const pairs = metadataChange(metadata);
    return this.change(caller, imageIds, async ({ manager, images }) => {
      const present = await metadataOf(manager, imageIds);
      for (const { id } of images) checkMetadata(id, present.get(id) ?? [], pairs);
      await writeMetadata(manager, images, pairs);
      return images;
    });
  }

  /** Rows first: afterwards nothing refers to the objects, whatever happens. */
  async delete(caller: Caller, { imageIds }: DeleteImagesInput): Promise<number> {
    const deleted = await this.change(caller, imageIds, async ({ manager, images, change }) => {
      const links = await manager.findBy(ImageTag, { imageId: In(imageIds) });
      for (const { tagId } of links) countTag(change, tagId, -1);
      await manager.delete(Region, { imageId: In(imageIds) });
      await manager.delete(ImageTag, { imageId: In(imageIds) });
      await manager.delete(ImageMetadata, { imageId: In(imageIds) });
      await forgetSuggestions(manager, { imageId: In(imageIds) });
      await manager.delete(Image, { id: In(imageIds) });
      change.images -= images.length;
      change.untagged -= images.filter(({ isTagged }) => !isTagged).length;
      return images;
    });
    await this.deps.leftovers.remove(deleted.map(({ id, projectId }) => keys.image(projectId, id)));
    return deleted.length;
  }

  /** Deletes every image of a project, batch by batch, which takes more than leave to label. Returns how many went. */
  async deleteAll(caller: Caller, projectId: string): Promise<number> {
    await this.deps.projects.get(caller, 'train', projectId);
    const { manager } = this.deps.database.read;
    let count = 0;
    for (;;) {
      const some = await manager.find(Image, {
        select: { id: true },
        where: { projectId },
        take: this.deps.limits.batchSize,
      });
      if (some.length === 0) return count;
      count += await this.delete(caller, { imageIds: some.map(({ id }) => id) });
    }
  }

  /** Changes images of one project, which are looked at once more under its lock: somebody may be deleting them. */
  async change<T>(
    caller: Caller,
    ids: readonly string[],
    work: (under: ImagesUnderLock) => Promise<T>,
    { once = this.deps.database, mostImages = this.deps.limits.batchSize }: ChangeOptions = {},
  ): Promise<T> {
    const [first] = await this.getSome(this.deps.database.read.manager, caller, ids, mostImages);
    return once.transact(async (manager) => {
      const project = await lockProject(manager, first.projectId);
      const change = noChange();
      const images = await this.getSome(manager, caller, ids, mostImages);
      const changed = await work({ manager, project, images, change });
      await markChanged(manager, project.id, change);
      return changed;
    });
  }

  /** Images of one project, in the order asked. @throws DomainError when one is missing or of another project */
  async getSome(
    manager: EntityManager,
    caller: Caller,
    ids: readonly string[],
    most = this.deps.limits.batchSize,
  ): Promise<[Image, ...Image[]]> {
    checkCount('imageIds', ids, most);
    const found = await manager.findBy(Image, { id: In([...ids]) });
    const byId = new Map(found.map((image) => [image.id, image]));
    const first = byId.get(ids[0] ?? '');
    return [...new Set(ids)].map((id) => {
      const image = byId.get(id);
      if (!image) throw notFound('image', id);
      if (image.projectId !== first?.projectId) throw notFound('image of the same project', id);
      authorise(caller, 'label', image.projectId);
      return image;
    }) as [Image, ...Image[]];
  }

  /** Those of the project. @throws DomainError for an unknown one of the whole batch; one of an image refuses that image */
  private async knownTags({ projectId, tagIds: ofBatch }: AddImagesInput): Promise<Map<string, Tag>> {
    const tags = await tagsOfProject(this.deps.database.read.manager, projectId);
    named(tags, ofBatch);
    return tags;
  }

  /** Tickets of images that were taken in are used up; those of refused ones can be sent again until they expire. */
  private discardUploads({ images }: AddImagesInput, results: readonly AddImageResult[]): Promise<void> {
    const used = images.filter((_, index) => results[index]?.code === null);
    return this.deps.uploads.discard(used.flatMap(({ source }) => source.uploadId ?? []));
  }
}
