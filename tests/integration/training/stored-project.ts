import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import type { Sample } from '../../../samples/render.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ClassificationType, ProjectKind, TagType } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { perceptualHash } from '../../../workers/ml/images/image.ts';
import { sha256 } from '../../../workers/ml/model-package.ts';

/** A project as uploads leave it behind, for tests of what comes after. */
export class StoredProject {
  readonly id = newId();
  private readonly tagIds = new Map<string, string>();

  private constructor(
    private readonly database: Database,
    private readonly storage: Storage,
    private readonly kind: ProjectKind,
  ) {}

  static async create(database: Database, storage: Storage, kind = ProjectKind.CLASSIFICATION): Promise<StoredProject> {
    const project = new StoredProject(database, storage, kind);
    const createdAt = new Date();
    const facts = { name: 'signs', description: '', domainId: newId(), contentVersion: 1 };
    const classificationType = kind === ProjectKind.CLASSIFICATION ? ClassificationType.MULTICLASS : null;
    const row = { id: project.id, ...facts, kind, classificationType, createdAt, updatedAt: createdAt };
    await database.transact((manager) => manager.insert(Project, row));
    return project;
  }

  /** With its tag, and in a project of detection its boxes. */
  async add({ name, tag, jpeg, boxes }: Sample, isTest = false): Promise<string> {
    const [id, projectId, createdAt] = [newId(), this.id, new Date()];
    await this.storage.put(keys.imageOriginal(projectId, id), jpeg);
    const hashes = { sha256: sha256(jpeg), perceptualHash: await perceptualHash(jpeg) };
    const facts = { format: 'jpeg', width: 160, height: 160, sizeBytes: jpeg.length, isTest, createdAt };
    await this.database.transact(async (manager) => {
      const tagId = this.tagIds.get(tag) ?? newId();
      const type = TagType.REGULAR;
      if (!this.tagIds.has(tag))
        await manager.insert(Tag, { id: tagId, projectId, name: tag, description: '', type, createdAt });
      this.tagIds.set(tag, tagId);
      await manager.insert(Image, { id, projectId, name, ...hashes, ...facts });
      await manager.insert(ImageTag, { imageId: id, tagId, projectId, createdAt });
      if (this.kind === ProjectKind.CLASSIFICATION) return;
      for (const { left, top, width, height } of boxes) {
        const box = { left, top, width, height };
        await manager.insert(Region, { id: newId(), imageId: id, projectId, tagId, ...box, createdAt });
      }
    });
    return id;
  }
}
