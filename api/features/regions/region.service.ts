import { In, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import type { Image } from '../../../schema/entities/image.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import type { Caller } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import { checkCount } from '../../input-checks.ts';
import { withinLimit } from '../../within-limit.ts';
import type { ImageService, ImagesUnderLock } from '../images/image.service.ts';
import { getTags } from '../tags/tag.service.ts';
import { checkTogether, tagRules, tagsOf, type TagRules } from '../tags/tagging.ts';
import { checkedBox } from './box.ts';
import {
  checkDetection,
  checkDrawable,
  drawnAt,
  insertRegions,
  placeRegions,
  refuseBackground,
  refuseTwins,
  regionsOf,
  settleTags,
  type Drawn,
} from './drawing.ts';
import type { AddRegionsInput, NewRegionInput, RegionChangeInput, UpdateRegionsInput } from './region.input.ts';

/** A region in its place, which may have been there before. */
export interface PlacedRegion {
  region: Region;
  isNew: boolean;
}

interface Canvas {
  drawn: readonly (Drawn & Pick<Region, 'imageId'>)[];
  drawnTags: readonly Tag[];
  /** What each image has, by its id. */
  tags: ReadonlyMap<string, Tag[]>;
  present: ReadonlyMap<string, Region[]>;
}

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
    const ids = await this.images.change(caller, imageIdsOf(input.regions), add, { once });
    const rows = await this.database.read.manager.findBy(Region, { id: In(ids) });
    return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
  }

  async update(caller: Caller, { regions: changes }: UpdateRegionsInput): Promise<Region[]> {
    const ids = changes.map(({ id }) => id);
    const known = await this.get(this.database.read.manager, 'regions', ids);
    return this.images.change(caller, imageIdsOf(known), async (under) => {
      const { manager, project, images, change } = under;
      await checkTags(under, new Set(changes.flatMap(({ tagId }) => tagId ?? [])));
      const before = await this.get(manager, 'regions', ids);
      const changed = before.map((row, index) => changedRow(row, index, changes[index]));
      refuseTwins(await regionsOf(manager, imageIdsOf(before)), changed);
      for (const { id, tagId, left, top, width, height } of changed)
        await manager.update(Region, { id }, { tagId, left, top, width, height });
      await settleTags(manager, images, tagRules(project, this.limits), change);
      return changed;
    });
  }

  async remove(caller: Caller, ids: readonly string[]): Promise<string[]> {
    const known = await this.get(this.database.read.manager, 'ids', ids);
    return this.images.change(caller, imageIdsOf(known), async ({ manager, project, images, change }) => {
      await this.get(manager, 'ids', ids);
      await manager.delete(Region, { id: In([...ids]) });
      await settleTags(manager, images, tagRules(project, this.limits), change);
      return [...ids];
    });
  }

  /** Leaves the images without any region. */
  async removeAll(caller: Caller, imageIds: readonly string[]): Promise<string[]> {
    return this.images.change(caller, imageIds, async ({ manager, project, images, change }) => {
      const removed = [...(await regionsOf(manager, imageIds)).values()].flat();
      await manager.delete(Region, { imageId: In([...imageIds]) });
      await settleTags(manager, images, tagRules(project, this.limits), change);
      return removed.map(({ id }) => id);
    });
  }

  /** @throws DomainError unless exactly one is given */
  async removeEither(
    caller: Caller,
    { ids, imageIds }: Record<'ids' | 'imageIds', string[] | null | undefined>,
  ): Promise<string[]> {
    if (ids && !imageIds) return this.remove(caller, ids);
    if (imageIds && !ids) return this.removeAll(caller, imageIds);
    throw new DomainError('INVALID', 'Give exactly one of ids and imageIds.', { field: 'ids' });
  }

  /**
   * Region by region: one that is there already, or has no room, stops no other.
   * @returns null for one that has no room
   * @throws DomainError with nothing drawn
   */
  async addEach(caller: Caller, regions: readonly NewRegionInput[]): Promise<(PlacedRegion | null)[]> {
    if (regions.length === 0) return [];
    return this.images.change(
      caller,
      imageIdsOf(regions),
      async (under) => {
        const { manager, project, images, change } = under;
        const rules = tagRules(project, this.limits);
        const canvas = await canvasOf(under, regions);
        const imagesById = new Map(images.map((image) => [image.id, image]));
        const placed: (PlacedRegion | null)[] = [];
        for (const one of canvas.drawn) {
          const image = imagesById.get(one.imageId) as Image;
          placed.push(await withinLimit(() => placeOne(canvas, image, one, rules, this.limits.regionsPerImage)));
        }
        const fresh = placed.flatMap((one) => (one?.isNew ? [one.region] : []));
        await insertRegions(manager, fresh);
        await settleTags(manager, images, rules, change);
        return placed;
      },
      { mostImages: regions.length },
    );
  }

  /** Draws in images that are locked already. Returns the id of each region, in the order asked. */
  async draw(under: ImagesUnderLock, regions: readonly NewRegionInput[]): Promise<string[]> {
    const { manager, project, images, change } = under;
    const { drawn, present } = await canvasOf(under, regions);
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

  /** In the order asked. @throws DomainError naming the field when one is missing or named twice */
  private async get(manager: EntityManager, field: string, ids: readonly string[]): Promise<Region[]> {
    checkCount(field, ids, this.limits.batchSize);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined)
      throw new DomainError('INVALID', `${field} names ${JSON.stringify(twice)} twice.`, { field, id: twice });
    const rows = await manager.findBy(Region, { id: In([...ids]) });
    return ids.map((id) => {
      const row = rows.find((region) => region.id === id);
      if (!row) throw notFound('region', id);
      return row;
    });
  }
}

const imageIdsOf = (rows: readonly Pick<Region, 'imageId'>[]): string[] => [...new Set(rows.map((row) => row.imageId))];

async function checkTags({ manager, project }: ImagesUnderLock, ids: ReadonlySet<string>): Promise<Tag[]> {
  const tags = await getTags(manager, project.id, [...ids]);
  checkDrawable(tags);
  return tags;
}

/** What is to be drawn, and what is there. @throws DomainError for whatever may not be drawn, room aside */
async function canvasOf(under: ImagesUnderLock, regions: readonly NewRegionInput[]): Promise<Canvas> {
  const { manager, project, images } = under;
  const boxes = drawnAt(regions);
  const drawn = regions.map(({ imageId }, index) => ({ imageId, ...(boxes[index] as Drawn) }));
  checkDetection(project);
  const drawnTags = await checkTags(under, new Set(drawn.map(({ tagId }) => tagId)));
  const imageIds = images.map(({ id }) => id);
  const tags = await tagsOf(manager, imageIds);
  refuseBackground(images, tags);
  return { drawn, drawnTags, tags, present: await regionsOf(manager, imageIds) };
}

/** Joins what the image has, where there is room for the region and its tag. @throws DomainError where there is none */
function placeOne(
  { drawnTags, tags, present }: Canvas,
  image: Image,
  one: Drawn,
  rules: TagRules,
  max: number,
): PlacedRegion {
  const [regions, own] = [present.get(image.id) ?? [], tags.get(image.id) ?? []];
  const { regions: rows, fresh } = placeRegions(image, regions, [one], max);
  const added = drawnTags.filter(({ id }) => id === one.tagId && !own.some((tag) => tag.id === id));
  checkTogether([...own, ...added], rules);
  regions.push(...fresh);
  own.push(...added);
  return { region: rows[0] as Region, isNew: fresh.length > 0 };
}

function changedRow(row: Region, index: number, change: RegionChangeInput | undefined): Region {
  const { tagId, left, top, width, height } = change ?? {};
  const box = { left: left ?? row.left, top: top ?? row.top, width: width ?? row.width, height: height ?? row.height };
  return { ...row, tagId: tagId ?? row.tagId, ...checkedBox(`regions[${index}]`, box) };
}
