import { randomUUID } from 'node:crypto';
import { syntheticJpeg } from '../../../bench/synthetic-images.ts';
import type { AzureDomain, AzureRegion, AzureTag } from '../../../cli/azure-import/azure-models.ts';
import type { StandInProject } from './azure-stand-in.ts';

const general = 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31';
const generalDetection = 'da2e3a8a-40a5-4171-82f4-58522f70fbc1';
/** Withdrawn by Azure, and unknown here. */
export const adult = '45badf75-3591-4f26-a705-45678d3e9f5f';

export const domains: AzureDomain[] = [
  { id: general, name: 'General', type: 'Classification' },
  { id: adult, name: 'Adult', type: 'Classification' },
  { id: generalDetection, name: 'General', type: 'ObjectDetection' },
];

interface ImageFacts {
  /** Names of tags. */
  tags?: string[];
  regions?: (Omit<AzureRegion, 'tagId'> & { tag: string })[];
  bytes?: Buffer;
}

/** A project with pictures that no other one has. */
export async function standInProject(
  name: string,
  tagFacts: Pick<AzureTag, 'name' | 'type'>[],
  imageFacts: ImageFacts[],
  settings: Partial<StandInProject['project']['settings']> = {},
): Promise<StandInProject> {
  const tags: AzureTag[] = tagFacts.map((tag) => ({ description: null, ...tag, id: randomUUID() }));
  const idOf = (tag: string): string => tags.find((one) => one.name === tag)?.id ?? '';
  const hasBoxes = imageFacts.some(({ regions }) => regions !== undefined);
  const images = imageFacts.map(async ({ tags: own = [], regions, bytes }) => {
    const id = randomUUID();
    const drawn = regions?.map(({ tag, ...box }) => ({ tagId: idOf(tag), ...box }));
    const tagIds = new Set([...own.map(idOf), ...(drawn ?? []).map(({ tagId }) => tagId)]);
    return {
      id,
      width: 64,
      height: 64,
      bytes: bytes ?? (await syntheticJpeg(id)),
      ...(tagIds.size > 0 ? { tags: [...tagIds].map((tagId) => ({ tagId })) } : {}),
      ...(drawn ? { regions: drawn } : {}),
    };
  });
  return {
    project: {
      id: randomUUID(),
      name,
      description: 'From before',
      settings: { domainId: hasBoxes ? generalDetection : general, classificationType: 'Multilabel', ...settings },
    },
    tags,
    images: await Promise.all(images),
    iterations: [],
    performance: null,
  };
}
