import type { EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import type { Region } from '../../../schema/entities/region.entity.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import { AddImageStatus } from '../../../schema/enums.ts';
import { ImageRefusal, inspectImage, perceptualHash, type ImageLimits } from '../../../workers/ml/images/image.ts';
import { DomainError } from '../../errors.ts';
import type { Gate } from '../../gate.ts';
import { lockProject } from '../../project-lock.ts';
import { checkText } from '../../input-checks.ts';
import {
  checkDetection,
  checkDrawable,
  checkRegionCount,
  drawnAt,
  insertRegions,
  placeRegions,
  regionsOf,
  type Drawn,
} from '../regions/drawing.ts';
import { findTags, named } from '../tags/tag.service.ts';
import {
  attachTags,
  checkImageTags,
  checkTogether,
  markChanged,
  noChange,
  tagRules,
  tagsOf,
  type CountChange,
  type TagRules,
} from '../tags/tagging.ts';
import type { AddImageResult, AddImagesInput, NewImageInput } from './image.input.ts';
import { checkMetadata, metadataChange, metadataOf, writeMetadata, type MetadataChange } from './metadata.ts';
import type { ImageSources, SourceBytes } from './image-source.ts';

export const imageLimits = (limits: Limits, maxBytes: number): ImageLimits => ({
  maxBytes,
  maxEdgePixels: limits.longestEdgePixels,
  maxAspectRatio: limits.aspectRatio,
  maxMegapixels: limits.megapixels,
});

/** An image of a batch on its way: its object is stored and its row is ready, or it was refused. */
export type Staged = ({ row: Image } & Labels) | { refusal: AddImageResult };

/** What an image shows. */
interface Labels {
  /** Those of its regions too. */
  tags: readonly Tag[];
  drawn: readonly Drawn[];
  metadata: MetadataChange;
}

/** What every image of a batch gets. */
type OfBatch = Pick<AddImagesInput, 'tagIds' | 'metadata'>;

interface BatchContext {
  project: Project;
  /** Those of the project, by id. */
  tags: ReadonlyMap<string, Tag>;
}

interface CommitContext {
  /** Tags of the batch that are there still, by id. */
  known: ReadonlyMap<string, Tag>;
  rules: TagRules;
  /** How many images more the project may have. */
  room: number;
  change: CountChange;
}

const accepted = { code: null, message: null, reason: null };

/** @param imageId the image that has the picture already */
function refused(
  { code, message, details }: Pick<DomainError | ImageRefusal, 'code' | 'message' | 'details'>,
  imageId: string | null = null,
): AddImageResult {
  const status = imageId ? AddImageStatus.DUPLICATE : AddImageStatus.REFUSED;
  const reason = typeof details['reason'] === 'string' ? details['reason'] : null;
  return { status, code, message, reason, imageId };
}

const idsOfTags = (image: Pick<Labels, 'tags'> | { refusal: AddImageResult }): string[] =>
  'tags' in image ? image.tags.map(({ id }) => id) : [];

/** Takes images in: looks at each, stores the bytes, and then makes the rows of a whole batch at once. */
export class ImageIntake {
  constructor(
    private readonly storage: Storage,
    private readonly sources: ImageSources,
    private readonly limits: Limits,
    private readonly gate: Gate,
  ) {}

  /**
   * Object before row: a crash in between leaves an object that nobody refers to, never a row without its picture.
   * @param id of the new image
   */
  async stage({ project, tags }: BatchContext, id: string, input: NewImageInput, batch: OfBatch): Promise<Staged> {
    try {
      // First: all else that is done with regions takes its time with each.
      checkRegionCount(input.regions, this.limits.regionsPerImage);
      const labels = labelsOf({ project, tags }, input, batch);
      const source = await this.sources.read(project.id, input.source, this.limits.trainingImageBytes);
      const name = checkText('name', input.name ?? source.name, { min: 1, max: 255 });
      const row = await this.store({ id, projectId: project.id, isTest: input.isTest }, { ...source, name });
      return { row, ...labels };
    } catch (error) {
      if (error instanceof ImageRefusal || error instanceof DomainError) return { refusal: refused(error) };
      throw error;
    }
  }

  /** The gate is for pictures that are decoded; waiting for the storage holds up nobody else. */
  private async store(
    { id, projectId, isTest }: Pick<Image, 'id' | 'projectId' | 'isTest'>,
    { name, bytes }: SourceBytes,
  ): Promise<Image> {
    const facts = await this.gate.run(() => this.inspect(bytes));
    const { sha256, sizeBytes } = await this.storage.put(keys.imageOriginal(projectId, id), bytes);
    return { id, projectId, name, ...facts, sizeBytes, sha256, isTest, isTagged: false, createdAt: new Date() };
  }

  private async inspect(bytes: Buffer): Promise<Pick<Image, 'format' | 'width' | 'height' | 'perceptualHash'>> {
    const limits = imageLimits(this.limits, this.limits.trainingImageBytes);
    const { format, width, height } = await inspectImage(bytes, limits);
    return { format, width, height, perceptualHash: await perceptualHash(bytes) };
  }

  /** Makes the rows. Images that the project has already get the tags that they lack instead. */
  async commit(manager: EntityManager, projectId: string, staged: readonly Staged[]): Promise<AddImageResult[]> {
    const project = await lockProject(manager, projectId);
    const rules = tagRules(project, this.limits);
    // Once more: a tag may have been deleted while the images were on their way.
    const known = await findTags(manager, projectId, [...new Set(staged.flatMap((image) => idsOfTags(image)))]);
    const change = noChange();
    const results: AddImageResult[] = [];
    for (const image of staged) {
      const room = this.limits.imagesPerProject - project.imageCount - change.images;
      results.push(
        'refusal' in image ? image.refusal : await this.commitOne(manager, image, { known, rules, room, change }),
      );
    }
    await markChanged(manager, projectId, change);
    return results;
  }

  private async commitOne(
    manager: EntityManager,
    { row, tags, drawn, metadata }: Exclude<Staged, { refusal: AddImageResult }>,
    { known, rules, room, change }: CommitContext,
  ): Promise<AddImageResult> {
    const { projectId, sha256 } = row;
    const twin = await manager.findOneBy(Image, { projectId, sha256 });
    const max = this.limits.imagesPerProject;
    if (!twin && room <= 0) return refused(projectFull(max));
    const present = twin ? ((await tagsOf(manager, [twin.id])).get(twin.id) ?? []) : [];
    const regions = twin && drawn.length > 0 ? ((await regionsOf(manager, [twin.id])).get(twin.id) ?? []) : [];
    const pairs = twin && metadata.size > 0 ? ((await metadataOf(manager, [twin.id])).get(twin.id) ?? []) : [];
    let fresh: Region[];
    try {
      named(known, idsOfTags({ tags }));
      checkTogether([...new Map([...present, ...tags].map((tag) => [tag.id, tag])).values()], rules);
      checkMetadata((twin ?? row).id, pairs, metadata);
      ({ fresh } = placeRegions(twin ?? row, regions, drawn, this.limits.regionsPerImage));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return refused(error, twin?.id);
    }
    const image = twin ?? { ...row, isTagged: tags.length > 0 };
    if (!twin) await addRow(manager, image, change);
    await attachTags(manager, image, { present, added: tags }, rules, change);
    await insertRegions(manager, fresh);
    await writeMetadata(manager, [image], metadata);
    return { ...accepted, status: twin ? AddImageStatus.DUPLICATE : AddImageStatus.OK, imageId: image.id };
  }

  /** Removes the objects of images that did not become rows. */
  async discard(staged: readonly Staged[], results: readonly AddImageResult[]): Promise<void> {
    const kept = new Set(results.map(({ imageId }) => imageId));
    for (const image of staged)
      if ('row' in image && !kept.has(image.row.id))
        await this.storage.deletePrefix(keys.image(image.row.projectId, image.row.id));
  }
}

const projectFull = (max: number): DomainError =>
  new DomainError('LIMIT_REACHED', `The project has ${max} images, the maximum.`, { max });

/** @throws DomainError when the project does not take such labels */
function labelsOf({ project, tags }: BatchContext, input: NewImageInput, batch: OfBatch): Labels {
  const own = named(tags, [...batch.tagIds, ...input.tagIds]);
  const metadata = metadataChange([...(batch.metadata ?? []), ...(input.metadata ?? [])]);
  checkImageTags(project, own);
  if (input.regions.length === 0) return { tags: own, drawn: [], metadata };
  checkDetection(project);
  const drawnTags = named(
    tags,
    input.regions.map(({ tagId }) => tagId),
  );
  checkDrawable(drawnTags);
  return { tags: [...own, ...drawnTags], drawn: drawnAt(input.regions), metadata };
}

async function addRow(manager: EntityManager, image: Image, change: CountChange): Promise<void> {
  await manager.insert(Image, image);
  change.images++;
  change.untagged++;
}
