import { In, MoreThan } from 'typeorm';
import { ImageTag } from '../../schema/entities/image-tag.entity.ts';
import { ImageMetadata } from '../../schema/entities/image-metadata.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Region } from '../../schema/entities/region.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import type { Database } from '../database/database.ts';
import { keys } from '../storage/keys.ts';
import { ObjectNotFound, type Storage } from '../storage/storage.ts';
import { CopyRefused, type CopiedImage, type CopiedPage, type CopySource, type ProjectContents } from './contents.ts';

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
    if (!project) throw new CopyRefused('The project to be copied was deleted.');
    const { name, description, kind, classificationType, domainId, exportPlatforms, imageCount } = project;
    const rows = await manager.find(Tag, { where: { projectId: this.projectId }, order: { id: 'ASC' } });
    const tags = rows.map((tag) => ({ id: tag.id, name: tag.name, description: tag.description, type: tag.type }));
    const facts = { name, description, kind, classificationType, domainId, exportPlatforms };
    return { format: 1, project: facts, tags, imageCount };
  }

  async images(after: string | null): Promise<CopiedPage> {
    const { manager } = this.database.read;
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

  async original(imageId: string): Promise<Buffer | null> {
    const image = await this.database.read.manager.findOneBy(Image, { id: imageId, projectId: this.projectId });
    if (!image) return null;
    try {
      return await this.storage.get(keys.imageOriginal(this.projectId, imageId));
    } catch (error) {
      // Deleted between the row and the object.
      if (error instanceof ObjectNotFound) return null;
      throw error;
    }
  }
}

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
