import { In, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import type { Caller } from '../../access.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import { checkCount } from '../../text.ts';
import type { ImageService, ImagesUnderLock } from '../images/image.service.ts';
import { getTags } from '../tags/tag.service.ts';
import { tagRules, tagsOf } from '../tags/tagging.ts';
import { checkedBox } from './box.ts';
import {
  checkDetection,
  checkDrawable,
  drawnAt,
  insertRegions,
  placeRegions,
  refuseBackground,
  regionsOf,
  settleTags,
  type Drawn,
} from './drawing.ts';
import type { AddRegionsInput, NewRegionInput, RegionChangeInput, UpdateRegionsInput } from './region.input.ts';

/** Draws in images. What tags an image has follows from its regions, in the same transaction. */
export class RegionService {
  constructor(
    private readonly database: Database,
    private readonly images: ImageService,
    private readonly limits: Limits,
  ) {}

  /** In the order asked. What is there already with the same tag and box is answered and not drawn twice. */
  async add(caller: Caller, input: AddRegionsInput): Promise<Region[]> {
    checkCount('regions', input.regions, this.limits.batchSize);
    const once = OnceOnly.of(this.database, caller, 'addRegions', input);
    const add = (under: ImagesUnderLock): Promise<string[]> => this.draw(under, input.regions);
    const ids = await this.images.change(caller, imageIdsOf(input.regions), add, once);
    const rows = await this.database.read.manager.findBy(Region, { id: In(ids) });
    return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
  }

  async update(caller: Caller, { regions: changes }: UpdateRegionsInput): Promise<Region[]> {
    const ids = changes.map(({ id }) => id);
    const known = await this.get(this.database.read.manager, ids);
    return this.images.change(caller, imageIdsOf(known), async (under) => {
      const { manager, project, images, change } = under;
      await checkTags(under, new Set(changes.flatMap(({ tagId }) => tagId ?? [])));
      const changed = (await this.get(manager, ids)).map((row, index) => changedRow(row, index, changes[index]));
      for (const { id, tagId, left, top, width, height } of changed)
        await manager.update(Region, { id }, { tagId, left, top, width, height });
      await settleTags(manager, images, tagRules(project, this.limits), change);
      return changed;
    });
  }

  async remove(caller: Caller, ids: readonly string[]): Promise<string[]> {
    const known = await this.get(this.database.read.manager, ids);
    return this.images.change(caller, imageIdsOf(known), async ({ manager, project, images, change }) => {
      await this.get(manager, ids);
      await manager.delete(Region, { id: In([...ids]) });
      await settleTags(manager, images, tagRules(project, this.limits), change);
      return [...ids];
    });
  }

  /** Draws in images that are locked already. Returns the id of each region, in the order asked. */
  async draw(under: ImagesUnderLock, regions: readonly NewRegionInput[]): Promise<string[]> {
    const { manager, project, images, change } = under;
    const boxes = drawnAt(regions);
    const drawn = regions.map(({ imageId }, index) => ({ imageId, ...(boxes[index] as Drawn) }));
    checkDetection(project);
    await checkTags(under, new Set(drawn.map(({ tagId }) => tagId)));
    const imageIds = images.map(({ id }) => id);
    refuseBackground(images, await tagsOf(manager, imageIds));
    const present = await regionsOf(manager, imageIds);
    const placed = new Map<Drawn, Region | undefined>();
    for (const image of images) {
      const own = drawn.filter(({ imageId }) => imageId === image.id);
      const { regions: rows, fresh } = placeRegions(
        image,
        present.get(image.id) ?? [],
        own,
        this.limits.regionsPerImage,
      );
      await insertRegions(manager, fresh);
      own.forEach((one, index) => placed.set(one, rows[index]));
    }
    await settleTags(manager, images, tagRules(project, this.limits), change);
    return drawn.flatMap((one) => placed.get(one)?.id ?? []);
  }

  /** In the order asked. @throws DomainError when one is missing or named twice */
  private async get(manager: EntityManager, ids: readonly string[]): Promise<Region[]> {
    checkCount('regions', ids, this.limits.batchSize);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined)
      throw new DomainError('INVALID', `regions names ${JSON.stringify(twice)} twice.`, {
        field: 'regions',
        id: twice,
      });
    const rows = await manager.findBy(Region, { id: In([...ids]) });
    return ids.map((id) => {
      const row = rows.find((region) => region.id === id);
      if (!row) throw notFound('region', id);
      return row;
    });
  }
}

const imageIdsOf = (rows: readonly Pick<Region, 'imageId'>[]): string[] => [...new Set(rows.map((row) => row.imageId))];

async function checkTags({ manager, project }: ImagesUnderLock, ids: ReadonlySet<string>): Promise<void> {
  checkDrawable(await getTags(manager, project.id, [...ids]));
}

function changedRow(row: Region, index: number, change: RegionChangeInput | undefined): Region {
  const { tagId, left, top, width, height } = change ?? {};
  const box = { left: left ?? row.left, top: top ?? row.top, width: width ?? row.width, height: height ?? row.height };
  return { ...row, tagId: tagId ?? row.tagId, ...checkedBox(`regions[${index}]`, box) };
}
