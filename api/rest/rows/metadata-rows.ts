import { z } from 'zod';
import { withinLimit } from '../../within-limit.ts';
import { row, type Answer, type Row, type RowRequest } from '../row.ts';
import { batchAnswer } from '../wire/batch-answer.ts';
import { metadataChange, metadataSummary, mostIds, mostInBatch } from '../wire/image-models.ts';
import { metadataInput, metadataOf } from '../wire/images.ts';
import { csv, uuid } from '../wire/query.ts';

type Asked = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;
type Change = z.output<typeof metadataChange>;
type Entry = z.input<typeof metadataSummary>['images'][number];

export const metadataRows: readonly Row[] = [
  row({
    api: 'training',
    subject: 'Image',
    operation: 'updateImageMetadata',
    since: 'v3.3',
    method: 'POST',
    path: 'projects/{projectId}/images/metadata',
    summary: 'Sets the same metadata on several images.',
    query: z.object({ imageIds: csv(uuid(), mostIds).min(1) }),
    body: { kind: 'json', schema: metadataChange, isOptional: false },
    success: [200, 207],
    answer: metadataSummary,
    note: 'Names that are not given stay as they are; null removes a name. As in Azure’s specification of v3.3, an image has at most 50 names of 256 characters, with values of 512.',
    call: (request) => update(request, [...new Set(request.query.imageIds)], request.body),
  }),
];

/** A picture that is not there, or is full, does not stop the others. */
async function update(request: Asked, ids: readonly string[], change: Change): Promise<Answer> {
  const { services, caller, loaders, path } = request;
  const { id: projectId } = await services.projects.get(caller, 'label', path('projectId'));
  const rows = await loaders.image.loadMany([...ids]);
  const known = rows.flatMap((found) => (found && !(found instanceof Error) ? [found] : []));
  const own = known.filter((image) => image.projectId === projectId).map(({ id }) => id);
  const full = new Set<string>();
  for (let at = 0; at < own.length; at += mostInBatch)
    for (const id of await noteAll(request, own.slice(at, at + mostInBatch), change)) full.add(id);
  const here = new Set(own);
  const images = await Promise.all(
    ids.map((id) => entryOf(request, id, { isHere: here.has(id), isFull: full.has(id) })),
  );
  return batchAnswer(images);
}

/** Together if possible, or else one by one. Returns those that have no room. */
async function noteAll({ caller, services }: Asked, imageIds: string[], change: Change): Promise<string[]> {
  const metadata = metadataInput(change);
  const note = (ids: string[]) => withinLimit(() => services.images.setMetadata(caller, { imageIds: ids, metadata }));
  if (await note(imageIds)) return [];
  const full: string[] = [];
  for (const id of imageIds) if (!(await note([id]))) full.push(id);
  return full;
}

async function entryOf({ loaders }: Asked, imageId: string, is: { isHere: boolean; isFull: boolean }): Promise<Entry> {
  if (!is.isHere) return { imageId, status: 'ErrorImageNotFound' };
  if (is.isFull) return { imageId, status: 'ErrorLimitExceed' };
  return { imageId, status: 'OK', ...(await metadataOf(loaders, { id: imageId })) };
}
