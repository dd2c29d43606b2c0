import { Refusal } from '../client.ts';
import type { AzureApi } from './azure-api.ts';
import type { AzureImage } from './azure-models.ts';
import { labelsOf, missingLabels } from './labels.ts';
import type { Losses } from './losses.ts';
import { batchesOf, fetchPictures, inPairs, sha256 } from './pictures.ts';
import type { Plan } from './project-plan.ts';
import type { AddResult, Labels, NewImage, Target, TargetImage } from './target.ts';

const batchSize = 16;
const idLength = 36;
/** Codes of a refused request that can be due to one of its images. */
const codesOfOneFile = new Set(['TOO_LARGE', 'INVALID']);
const extensions: Record<string, string> = { ffd8: 'jpg', '8950': 'png', '4749': 'gif', '424d': 'bmp' };

export interface Wanted {
  image: AzureImage;
  labels: Labels;
}

export interface Carried {
  /** Images of this run, and those that an earlier one had carried already. */
  added: number;
  present: number;
  /** Pictures that the target had already, and that got the tags and boxes that they lacked. */
  merged: number;
  refused: { imageId: string; reason: string }[];
  /** Hashes of the bytes that were read from the source in this run, by its image ids. */
  sourceSha256: Map<string, string>;
}

/** The name of an image at the target says which one of the source it is; a later run goes by that. */
export const sourceIdOf = ({ name }: Pick<TargetImage, 'name'>): string => name.slice(0, idLength);

function nameOf({ id }: AzureImage, bytes: Buffer): string {
  const extension = extensions[bytes.subarray(0, 2).toString('hex')];
  return extension === undefined ? id : `${id}.${extension}`;
}

export const wantedOf = (images: readonly AzureImage[], { kind, tags }: Plan, losses: Losses): Wanted[] =>
  images.map((image) => ({ image, labels: labelsOf(image, kind, tags, losses) }));

/** Brings over what the target lacks: images, and tags or boxes that came since. Memory holds two batches of pictures. */
export async function carryImages(
  { source, target, sourceProjectId }: { source: AzureApi; target: Target; sourceProjectId: string },
  { projectId }: Plan,
  wanted: readonly Wanted[],
  onProgress: (fraction: number) => void,
): Promise<Carried> {
  const open = await lacking(target, projectId, wanted);
  const present = wanted.length - open.length;
  const carried: Carried = { added: 0, present, merged: 0, refused: [], sourceSha256: new Map() };
  let done = present;
  await inPairs(batchesOf(open, batchSize), async (batch) => {
    const labels = new Map(batch.map((one) => [one.image.id, one.labels]));
    const images = batch.map(({ image }) => image);
    const found: { imageId: string; image: NewImage }[] = [];
    for (const fetched of await fetchPictures(source, sourceProjectId, images)) {
      const { id } = fetched.image;
      if ('reason' in fetched) carried.refused.push({ imageId: id, reason: fetched.reason });
      else found.push({ imageId: id, image: newImage(fetched, labels.get(id)) });
    }
    for (const { imageId, image } of found) carried.sourceSha256.set(imageId, sha256(image.bytes));
    const results = await add(
      target,
      projectId,
      found.map(({ image }) => image),
    );
    found.forEach(({ imageId }, index) => record(carried, imageId, results[index]));
    done += batch.length;
    onProgress(done / wanted.length);
  });
  return carried;
}

const newImage = ({ image, bytes }: { image: AzureImage; bytes: Buffer }, labels?: Labels): NewImage => ({
  name: nameOf(image, bytes),
  bytes,
  labels: labels ?? { tagIds: [], regions: [] },
});

async function lacking(target: Target, projectId: string, wanted: readonly Wanted[]): Promise<Wanted[]> {
  const open = new Map(wanted.map((one) => [one.image.id, one]));
  for await (const page of target.images(projectId)) {
    for (const image of page) {
      const one = open.get(sourceIdOf(image));
      if (!one) continue;
      const { tagIds, regions } = missingLabels(one.labels, image);
      if (tagIds.length + regions.length === 0) open.delete(one.image.id);
    }
  }
  return [...open.values()];
}

/** A picture too large spoils the request for the whole batch: then each is sent by itself. */
async function add(target: Target, projectId: string, images: readonly NewImage[]): Promise<AddResult[]> {
  if (images.length === 0) return [];
  try {
    return await target.addImages(projectId, images);
  } catch (error) {
    if (!(error instanceof Refusal) || !codesOfOneFile.has(error.code ?? '')) throw error;
    const { code, message } = error;
    if (images.length === 1) return [{ status: 'REFUSED', code, message, image: null }];
    const results: AddResult[] = [];
    for (const image of images) results.push(...(await add(target, projectId, [image])));
    return results;
  }
}

function record(carried: Carried, imageId: string, result: AddResult | undefined): void {
  if (!result || result.code !== null || result.image === null)
    carried.refused.push({ imageId, reason: result?.message ?? 'The target gave no result for it.' });
  else if (result.status === 'DUPLICATE') carried.merged += 1;
  else carried.added += 1;
}
