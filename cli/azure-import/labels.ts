import type { AzureImage, AzureRegion, AzureTag } from './azure-models.ts';
import type { Losses } from './losses.ts';
import type { Kind, Labels, TargetRegion, TargetTag } from './target.ts';

/** Nobody draws less by hand, and Taglens takes no less. */
const minimumSide = 0.001;
/** More than rounding. */
const noticedCut = 0.001;
/** Less than a pixel could show. */
const equalWithin = 1e-5;

export interface TagPair {
  source: AzureTag;
  target: TargetTag;
}

/** By the id at the source. */
export type TagPairs = ReadonlyMap<string, TagPair>;

/** What an image shows, as the target takes it. */
export function labelsOf(image: AzureImage, kind: Kind, pairs: TagPairs, losses: Losses): Labels {
  const tags = (image.tags ?? []).flatMap(({ tagId }) => pairs.get(tagId) ?? []);
  if (kind === 'CLASSIFICATION') return { tagIds: tags.map(({ target }) => target.id), regions: [] };
  const regions = (image.regions ?? []).flatMap((region) => regionOf(image, region, pairs, losses) ?? []);
  return { tagIds: backgroundTag(image, tags, regions, losses), regions };
}

/** In detection a tag is on an image because of its regions, but for the negative one, which says that there are none. */
function backgroundTag(
  image: AzureImage,
  tags: readonly TagPair[],
  regions: readonly TargetRegion[],
  losses: Losses,
): string[] {
  const negative = tags.filter(({ target }) => target.type === 'NEGATIVE').map(({ target }) => target.id);
  const drawn = new Set(regions.map(({ tagId }) => tagId));
  for (const { source, target } of tags)
    if (target.type === 'REGULAR' && !drawn.has(target.id))
      losses.add(
        `The tag “${source.name}” on images without a box of it`,
        'a detector learns only from boxes',
        image.id,
      );
  if (negative.length > 0 && regions.length > 0) {
    losses.add('The negative tag on images with boxes', 'it means that nothing in the image has a tag', image.id);
    return [];
  }
  return negative;
}

function regionOf(image: AzureImage, region: AzureRegion, pairs: TagPairs, losses: Losses): TargetRegion | null {
  const pair = pairs.get(region.tagId);
  if (!pair) return null;
  const [left, width] = within(region.left, region.width);
  const [top, height] = within(region.top, region.height);
  if (Math.min(width, height) < minimumSide) {
    losses.add('Boxes of no size', `a side has to be at least ${minimumSide} of the image`, image.id);
    return null;
  }
  if (Math.max(region.width - width, region.height - height) > noticedCut)
    losses.add('Parts of boxes outside of the image', 'boxes end at its edges', image.id);
  return { tagId: pair.target.id, left, top, width, height };
}

/** Untouched where nothing is cut, since adding and subtracting would change the last digits. */
function within(start: number, size: number): [number, number] {
  if (start >= 0 && start + size <= 1) return [start, size];
  const inside = Math.min(1, Math.max(0, start));
  return [inside, Math.min(1, start + size) - inside];
}

const isSame = (a: TargetRegion, b: TargetRegion): boolean =>
  a.tagId === b.tagId &&
  (['left', 'top', 'width', 'height'] as const).every((name) => Math.abs(a[name] - b[name]) <= equalWithin);

/** Names of tags of the source that the image has only here. Other tags are those of whoever works here. */
export function surplusTags(wanted: readonly Labels[], pairs: TagPairs, image: { tags: { id: string }[] }): string[] {
  const own = new Set(wanted.flatMap(({ tagIds, regions }) => [...tagIds, ...regions.map(({ tagId }) => tagId)]));
  const here = new Set(image.tags.map(({ id }) => id));
  return [...pairs.values()]
    .filter(({ target: { id } }) => here.has(id) && !own.has(id))
    .map(({ target: { name } }) => `“${name}”`);
}

/** Tags and regions that an image lacks. What somebody has added to it since is nobody's loss. */
export function missingLabels(wanted: Labels, image: { tags: { id: string }[]; regions: TargetRegion[] }): Labels {
  return {
    tagIds: wanted.tagIds.filter((id) => !image.tags.some((tag) => tag.id === id)),
    regions: wanted.regions.filter((region) => !image.regions.some((one) => isSame(one, region))),
  };
}
