import { In, type EntityManager } from 'typeorm';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import type { Image } from '../../../schema/entities/image.entity.ts';
import { DomainError } from '../../errors.ts';
import { checkText } from '../../input-checks.ts';
import { metadataLimits, type ImageMetadataInput } from './metadata.input.ts';

/** SQLite takes 32,766 values in a statement. */
const rowsAtOnce = 1000;

/** Values by name; null takes the name away. */
export type MetadataChange = ReadonlyMap<string, string | null>;

/** What to change, by name; the last of several values for a name counts. @throws DomainError when a name or a value is too long */
export function metadataChange(pairs: readonly ImageMetadataInput[]): MetadataChange {
  const { nameLength, valueLength } = metadataLimits;
  return new Map(
    pairs.map(({ name, value }) => [
      checkText('metadata.name', name, { min: 1, max: nameLength }),
      value == null ? null : checkText('metadata.value', value, { max: valueLength, isMultiline: true }),
    ]),
  );
}

/** Pairs of images, in the order of their names. */
export async function metadataOf(
  manager: EntityManager,
  imageIds: readonly string[],
): Promise<Map<string, ImageMetadata[]>> {
  const found = await manager.find(ImageMetadata, { where: { imageId: In([...imageIds]) }, order: { name: 'ASC' } });
  const pairs = new Map<string, ImageMetadata[]>();
  for (const pair of found) pairs.set(pair.imageId, [...(pairs.get(pair.imageId) ?? []), pair]);
  return pairs;
}

/** @throws DomainError when the image would have too many pairs */
export function checkMetadata(imageId: string, present: readonly ImageMetadata[], change: MetadataChange): void {
  const names = new Set(present.map(({ name }) => name));
  for (const [name, value] of change)
    if (value === null) names.delete(name);
    else names.add(name);
  const max = metadataLimits.pairs;
  if (names.size <= max) return;
  const message = `metadata: the image would have ${names.size} names; the limit is ${max}.`;
  throw new DomainError('LIMIT_REACHED', message, { field: 'metadata', imageId, max, value: names.size });
}

/** Writes metadata of images that the caller has locked and checked. */
export async function writeMetadata(
  manager: EntityManager,
  images: readonly Pick<Image, 'id' | 'projectId'>[],
  change: MetadataChange,
): Promise<void> {
  if (images.length === 0 || change.size === 0) return;
  const kept = [...change].flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
  await manager.delete(ImageMetadata, { imageId: In(images.map(({ id }) => id)), name: In([...change.keys()]) });
  const rows = images.flatMap(({ id, projectId }) => kept.map((pair) => ({ imageId: id, projectId, ...pair })));
  for (let start = 0; start < rows.length; start += rowsAtOnce)
    await manager.insert(ImageMetadata, rows.slice(start, start + rowsAtOnce));
}
