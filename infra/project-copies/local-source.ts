import { createHash } from 'node:crypto';
import { In, MoreThan, type EntityManager } from 'typeorm';
import { ImageTag } from '../../schema/entities/image-tag.entity.ts';
import { ImageMetadata } from '../../schema/entities/image-metadata.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Region } from '../../schema/entities/region.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import { IterationStatus } from '../../schema/enums.ts';
import type { Database } from '../database/database.ts';
import { keys } from '../storage/keys.ts';
import { ObjectNotFound, type Storage } from '../storage/storage.ts';
import { CopyRefused, factsOf, iterationFiles } from './contents.ts';
import type {
  CopiedImage,
  CopiedIteration,
  CopiedPage,
  CopySource,
  IterationFile,
  ProjectContents,
} from './contents.ts';

const imagesPerPage = 50;

/** A project of this installation, read from its rows and objects. */
export class LocalSource implements CopySource {
  constructor(
    private readonly database: Database,
    private readonly storage: Storage,
    private readonly projectId: string,
  ) {}

  async contents(): Promise<ProjectContents> {
    const { manager } = this.database.read;
    const project = await manager.findOneBy(Project, { id: this.projectId });
    if (!project) throw deleted();
    const { name, description, kind, classificationType, domainId, exportPlatforms, imageCount } = project;
    const rows = await manager.find(Tag, { where: { projectId: this.projectId }, order: { id: 'ASC' } });
    const tags = rows.map((tag) => ({ id: tag.id, name: tag.name, description: tag.description, type: tag.type }));
    const facts = { name, description, kind, classificationType, domainId, exportPlatforms };
    const iterationCount = await manager.countBy(Iteration, this.trained());
    return { format: 1, project: facts, tags, imageCount, iterationCount };
  }

  async images(after: string | null): Promise<CopiedPage> {
    const page = await this.database.snapshot((manager) => this.readPage(manager, after));
    await this.refuseDeleted();
    return page;
  }

  async original(imageId: string): Promise<Buffer | null> {
    const image = await this.database.read.manager.findOneBy(Image, { id: imageId, projectId: this.projectId });
    return image && this.bytesOf(keys.imageOriginal(this.projectId, imageId));
  }

  async iteration(after: string | null): Promise<CopiedIteration | null> {
    const where = { ...this.trained(), ...(after === null ? {} : { id: MoreThan(after) }) };
    const row = await this.database.read.manager.findOne(Iteration, { where, order: { id: 'ASC' } });
    await this.refuseDeleted();
    if (!row) return null;
    const known = { snapshot: row.snapshotSha256, model: row.modelSha256, evaluation: null };
    const hash = async (file: IterationFile) => [file, known[file] ?? (await this.hashOf(keys[file](row.id)))] as const;
    const hashes = Object.fromEntries(await Promise.all(iterationFiles.map(hash)));
    return { ...factsOf(row), hashes: hashes as CopiedIteration['hashes'] };
  }

  async iterationFile(iterationId: string, file: IterationFile): Promise<Buffer | null> {
    const isOurs = await this.database.read.manager.existsBy(Iteration, { ...this.trained(), id: iterationId });
    return isOurs ? this.bytesOf(keys[file](iterationId)) : null;
  }

  /** All as of one moment, so that no region comes without its tag while people go on drawing. */
  private async readPage(manager: EntityManager, after: string | null): Promise<CopiedPage> {
    const where = { projectId: this.projectId, ...(after === null ? {} : { id: MoreThan(after) }) };
    const rows = await manager.find(Image, { where, order: { id: 'ASC' }, take: imagesPerPage + 1 });
    const page = rows.slice(0, imagesPerPage);
    const imageId = In(page.map(({ id }) => id));
    const links = await manager.findBy(ImageTag, { imageId });
    const regions = await manager.find(Region, { where: { imageId }, order: { id: 'ASC' } });
    const metadata = await manager.find(ImageMetadata, { where: { imageId }, order: { name: 'ASC' } });
    const images = page.map((image) => {
      const own = isOf(image);
      return copied(image, { links: links.filter(own), drawn: regions.filter(own), known: metadata.filter(own) });
    });
    return { images, next: rows.length > imagesPerPage ? (page.at(-1)?.id ?? null) : null };
  }

  /** Asked after rows were read: it is what tells none that are left from none that are there any more. */
  private async refuseDeleted(): Promise<void> {
    if (!(await this.database.read.manager.existsBy(Project, { id: this.projectId }))) throw deleted();
  }

  private trained(): { projectId: string; status: IterationStatus } {
    return { projectId: this.projectId, status: IterationStatus.COMPLETED };
  }

  private async hashOf(key: string): Promise<string | null> {
    const bytes = await this.bytesOf(key);
    return bytes && createHash('sha256').update(bytes).digest('hex');
  }

  /** Null when it was deleted since its row was read. */
  private async bytesOf(key: string): Promise<Buffer | null> {
    try {
      return await this.storage.get(key);
    } catch (error) {
      if (error instanceof ObjectNotFound) return null;
      throw error;
    }
  }
}

const deleted = (): CopyRefused => new CopyRefused('The project to copy was deleted.');

const isOf =
  ({ id }: Image) =>
  ({ imageId }: { imageId: string }): boolean =>
    imageId === id;

function copied(
  { id, name, sha256, isTest }: Image,
  { links, drawn, known }: { links: ImageTag[]; drawn: Region[]; known: ImageMetadata[] },
): CopiedImage {
  const regions = drawn.map(({ tagId, left, top, width, height }) => ({ tagId, left, top, width, height }));
  const metadata = Object.fromEntries(known.map((pair) => [pair.name, pair.value]));
  return { id, name, sha256, isTest, tagIds: links.map(({ tagId }) => tagId), regions, metadata };
}
