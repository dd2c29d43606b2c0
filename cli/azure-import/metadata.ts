import { Refusal } from '../client.ts';
import type { AzureImage } from './azure-models.ts';
import { sourceIdOf } from './carry.ts';
import type { Losses } from './losses.ts';
import { batchesOf } from './pictures.ts';
import type { Metadata, Target, TargetImage } from './target.ts';

const batchSize = 64;
/** Of a name that is told: the report has it in a cell. */
const shownOfName = 60;

/** Names of metadata by the id of their image at the source. */
export type NamesOfImages = ReadonlyMap<string, ReadonlySet<string>>;

interface Group {
  metadata: Metadata[];
  images: { id: string; sourceId: string }[];
}

/**
 * Adds what the source knows of images and the target does not; images with the same values go together.
 * What the target refuses is told.
 */
export async function carryMetadata(
  target: Target,
  projectId: string,
  images: readonly AzureImage[],
  losses: Losses,
): Promise<NamesOfImages> {
  const refused = new Map<string, Set<string>>();
  const described = new Map(images.flatMap(({ id, metadata }) => (metadata ? [[id, metadata]] : [])));
  if (described.size === 0) return refused;
  for (const { metadata, images: own } of await lacking(target, projectId, described)) {
    for (const batch of batchesOf(own, batchSize)) {
      for (const { sourceId, name, message } of await refusedOf(target, batch, metadata)) {
        losses.add(`Metadata «${name.slice(0, shownOfName)}» of images`, message, sourceId);
        refused.set(sourceId, (refused.get(sourceId) ?? new Set()).add(name));
      }
    }
  }
  return refused;
}

/** All together, or else image by image, and of one image each half by itself, down to the pairs that do not fit. */
async function refusedOf(
  target: Target,
  images: Group['images'],
  metadata: Metadata[],
): Promise<{ sourceId: string; name: string; message: string }[]> {
  try {
    const ids = images.map(({ id }) => id);
    await target.setMetadata(ids, metadata);
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [[first], [pair]] = [images, metadata];
    const isOne = images.length === 1;
    if (first && pair && isOne && metadata.length === 1)
      return [{ sourceId: first.sourceId, name: pair.name, message: error.message }];
    const refused = [];
    if (isOne)
      for (const half of batchesOf(metadata, Math.ceil(metadata.length / 2)))
        refused.push(...(await refusedOf(target, images, half)));
    else for (const image of images) refused.push(...(await refusedOf(target, [image], metadata)));
    return refused;
  }
}

async function lacking(
  target: Target,
  projectId: string,
  described: ReadonlyMap<string, Record<string, string>>,
): Promise<Group[]> {
  const groups = new Map<string, Group>();
  for await (const page of target.images(projectId)) {
    for (const image of page) {
      const metadata = missingMetadata(described.get(sourceIdOf(image)), image);
      if (metadata.length === 0) continue;
      const group = groups.get(JSON.stringify(metadata)) ?? { metadata, images: [] };
      group.images.push({ id: image.id, sourceId: sourceIdOf(image) });
      groups.set(JSON.stringify(metadata), group);
    }
  }
  return [...groups.values()];
}

export const missingMetadata = (wanted: AzureImage['metadata'], { metadata }: TargetImage): Metadata[] =>
  Object.entries(wanted ?? {})
    .map(([name, value]) => ({ name, value }))
    .filter(({ name, value }) => !metadata.some((one) => one.name === name && one.value === value));
