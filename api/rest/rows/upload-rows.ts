import { z } from 'zod';
import type { Caller } from '../../access/access.ts';
import { DomainError } from '../../errors.ts';
import { row, type Row } from '../row.ts';
import { batchAnswer } from '../wire/batch-answer.ts';
import { readFileBatch } from '../wire/file-batch.ts';
import { createSummary, fileBatch, idBatch, mostTagIds, urlBatch } from '../wire/image-models.ts';
import { csv, uuid } from '../wire/query.ts';
import {
  addBatch,
  fittingName,
  keep,
  refusedStatus,
  requireEntries,
  statusOf,
  tagIdsOf,
  type Incoming,
  type Status,
} from '../wire/uploads.ts';
import { metadataInput, wireImages } from '../wire/images.ts';

const about = {
  api: 'training',
  subject: 'Image',
  method: 'POST',
  success: [200, 207],
  answer: createSummary,
} as const;

/** The picture of a prediction is refused as any other; what is not there has no picture. */
function refusalOfPrediction({ code, details }: DomainError): Status {
  if (details['what'] === 'stored prediction') return 'ErrorSource';
  return refusedStatus({ code, reason: typeof details['reason'] === 'string' ? details['reason'] : null });
}

/** The name of a file is told in quotes, as Azure does. */
const quoted = (name: string): string => `"${name}"`;

/** The last part of the path, which may be longer than a name; what is no address is refused when it is fetched. */
const nameOf = (url: string): string | null =>
  URL.canParse(url) ? fittingName(new URL(url).pathname.split('/').findLast(Boolean) ?? '') : null;

export const uploadRows: readonly Row[] = [
  row({
    ...about,
    operation: 'createImagesFromData',
    path: 'projects/{projectId}/images',
    summary: 'Adds images as files: up to 64 parts, or one as the body.',
    query: z.object({ tagIds: csv(uuid(), mostTagIds).default([]) }),
    body: { kind: 'pictures', limit: 'trainingImageBytes' },
    note: 'An image that already exists is OKDuplicate, gets the tags that it lacks, and makes isBatchSuccessful false. An image may have one tag in a Multiclass project, and by default at most 100 tags and 300 regions in others; one with more is refused with ErrorTagLimitExceed or ErrorRegionLimitExceed. Images with a tag that the project does not have are refused with ErrorInvalidTag; in a detection project, so are those with a tag, other than the negative one, that no region of the image carries.',
    call: async (request) => {
      const incoming: Incoming[] = [];
      for await (const picture of request.body) {
        const kept = await keep(request, picture, { tagIds: [], regions: [] });
        incoming.push({ sourceUrl: quoted(picture.name), ...kept });
      }
      return addBatch(request, incoming, request.query);
    },
  }),
  row({
    ...about,
    operation: 'createImagesFromFiles',
    path: 'projects/{projectId}/images/files',
    summary: 'Adds images as base64 in JSON, read as it arrives.',
    body: { kind: 'stream', schema: fileBatch },
    note: 'The tags of the batch and of an entry are combined.',
    call: async (request) => {
      const incoming: Incoming[] = [];
      const batch = await readFileBatch(request.body, async ({ name, bytes, tagIds: own, regions }) => {
        const kept = await keep(request, { name, bytes }, { tagIds: own, regions });
        incoming.push({ sourceUrl: name, ...kept });
      });
      return addBatch(request, incoming, batch);
    },
  }),
  row({
    ...about,
    operation: 'createImagesFromUrls',
    path: 'projects/{projectId}/images/urls',
    summary: 'Adds images from URLs, which the server fetches.',
    body: { kind: 'json', schema: urlBatch, isOptional: false },
    note: 'Private addresses are refused unless a setting allows them. A picture is called by the last part of its path, cut at 255 characters.',
    call: async (request) => {
      const incoming = request.body.images.map(({ url, tagIds, regions }) => ({
        sourceUrl: url,
        image: { source: { url }, name: nameOf(url), tagIds: tagIds ?? [], regions: regions ?? [], isTest: false },
      }));
      return addBatch(request, incoming, request.body);
    },
  }),
  row({
    ...about,
    operation: 'createImagesFromPredictions',
    path: 'projects/{projectId}/images/predictions',
    summary: 'Turns stored predictions into images to train on.',
    body: { kind: 'json', schema: idBatch, isOptional: false },
    call: async (request) => {
      const { caller, services, path, body } = request;
      requireEntries(body.images);
      const projectId = path('projectId');
      const { kind } = await services.projects.get(caller, 'label', projectId);
      const images = [];
      for (const { id: predictionId, tagIds, regions } of body.images) {
        const labels = {
          tagIds: tagIdsOf(body, { tagIds, regions }),
          regions: regions ?? [],
          metadata: metadataInput(body.metadata),
        };
        try {
          const input = { predictionId, ...labels };
          const { image, status } = await services.predictions.addToImages(
            ofOne(caller, predictionId),
            input,
            projectId,
          );
          const [wired] = await wireImages(request, kind, [image]);
          images.push({
            sourceUrl: predictionId,
            status: statusOf({ status, code: null, reason: null }),
            image: wired,
          });
        } catch (error) {
          if (!(error instanceof DomainError) || error.status >= 500) throw error;
          images.push({ sourceUrl: predictionId, status: refusalOfPrediction(error) });
        }
      }
      return batchAnswer(images);
    },
  }),
];

/** One key of a request stands for one key of each picture of it. */
function ofOne(caller: Caller, id: string): Caller {
  const { idempotencyKey } = caller;
  return { ...caller, idempotencyKey: idempotencyKey === null ? null : `${idempotencyKey} ${id}` };
}
