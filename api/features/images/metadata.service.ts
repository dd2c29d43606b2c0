import { In, type EntityManager } from 'typeorm';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import type { Image } from '../../../schema/entities/image.entity.ts';
import type { Caller } from '../../access.ts';
import { DomainError } from '../../errors.ts';
import { checkText } from '../../text.ts';
import type { ImageService } from './image.service.ts';
import {
  mostPairs,
  nameLimits,
  valueLimits,
  type ImageMetadataInput,
  type SetImageMetadataInput,
} from './metadata.input.ts';

/** Keeps what is known of images besides their tags. Trainings do not look at it. */
export class MetadataService {
  constructor(private readonly images: ImageService) {}

  /** All or none. @throws DomainError LIMIT_REACHED when an image would have too many pairs */
  async set(caller: Caller, { imageIds, metadata }: SetImageMetadataInput): Promise<Image[]> {
    const pairs = checkPairs(metadata);
    return this.images.change(caller, imageIds, async ({ manager, images }) => {
      await refuseTooMany(manager, images, pairs);
      const rows = images.flatMap(({ id: imageId, projectId }) =>
        [...pairs].map(([name, value]) => ({ imageId, projectId, name, value })),
      );
      if (rows.length > 0) await manager.upsert(ImageMetadata, rows, ['imageId', 'name']);
      return images;
    });
  }
}

/** By name; the last value of a name holds. */
function checkPairs(metadata: readonly ImageMetadataInput[]): Map<string, string> {
  return new Map(
    metadata.map(({ name, value }) => [
      checkText('metadata.name', name, nameLimits),
      checkText('metadata.value', value, valueLimits),
    ]),
  );
}

async function refuseTooMany(manager: EntityManager, images: Image[], pairs: ReadonlyMap<string, string>) {
  const present = await manager.findBy(ImageMetadata, { imageId: In(images.map(({ id }) => id)) });
  for (const { id } of images) {
    const names = new Set([...pairs.keys(), ...present.filter((row) => row.imageId === id).map(({ name }) => name)]);
    if (names.size <= mostPairs) continue;
    const message = `metadata: an image may have ${mostPairs} pairs; image ${id} would have ${names.size}.`;
    throw new DomainError('LIMIT_REACHED', message, { field: 'metadata', max: mostPairs, value: names.size });
  }
}
