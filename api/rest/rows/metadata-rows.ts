import { z } from 'zod';
import { DomainError } from '../../errors.ts';
import { Answer, row, type Row } from '../row.ts';
import { mostIds } from '../wire/image-models.ts';
import { csv, uuid } from '../wire/query.ts';

const statuses = ['OK', 'ErrorImageNotFound', 'ErrorLimitExceed', 'ErrorUnknown'] as const;

const summary = z
  .object({
    isBatchSuccessful: z.boolean(),
    images: z.array(
      z.object({
        imageId: z.guid(),
        status: z.enum(statuses),
        metadata: z.record(z.string(), z.string()).optional(),
      }),
    ),
  })
  .meta({ id: 'ImageMetadataUpdateSummary' });

export const metadataRows: readonly Row[] = [
  row({
    operation: 'updateImageMetadata',
    api: 'training',
    since: 'v3.3',
    subject: 'Image',
    method: 'POST',
    path: 'projects/{projectId}/images/metadata',
    summary: 'Adds to what is known of pictures, name by name.',
    query: z.object({ imageIds: csv(uuid(), mostIds) }),
    body: { kind: 'json', schema: z.record(z.string(), z.string()), isOptional: false },
    success: [200, 207],
    answer: summary,
    note: 'A name that is there already gets the new value; the others stay.',
    call: async ({ caller, services, loaders, path, query, body }) => {
      const { id: projectId } = await services.projects.get(caller, 'label', path('projectId'));
      const metadata = Object.entries(body).map(([name, value]) => ({ name, value }));
      const rows = await loaders.image.loadMany(query.imageIds);
      const isKnown = (i: number): boolean => {
        const found = rows[i];
        return !!found && !(found instanceof Error) && found.projectId === projectId;
      };
      const known = query.imageIds.filter((_, i) => isKnown(i));
      const full = new Set<string>();
      // One by one, as the service takes all or none: a picture that is full does not stop the others.
      for (const id of known)
        await services.metadata.set(caller, { imageIds: [id], metadata }).catch((error: unknown) => {
          if (!(error instanceof DomainError) || error.code !== 'LIMIT_REACHED') throw error;
          full.add(id);
        });
      const images = query.imageIds.map((imageId, i) => {
        const status = !isKnown(i) ? 'ErrorImageNotFound' : full.has(imageId) ? 'ErrorLimitExceed' : 'OK';
        return { imageId, status, ...(status === 'OK' ? { metadata: body } : {}) };
      });
      const isBatchSuccessful = images.every(({ status }) => status === 'OK');
      return new Answer(isBatchSuccessful ? 200 : 207, { isBatchSuccessful, images });
    },
  }),
];
