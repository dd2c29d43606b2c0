import { z } from 'zod';
import { DomainError } from '../../errors.ts';
import type { PredictionQuery } from '../../features/prediction/prediction-query.ts';
import { PredictionOrder, ProjectKind } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { continued } from '../wire/continuation.ts';
import { imagePrediction, imageUrl, predictionPage, predictionQuery } from '../wire/models.ts';
import { wirePrediction, wireStored } from '../wire/predictions.ts';
import { csv, uuid } from '../wire/query.ts';

const about = { subject: 'Prediction' } as const;
const training = { ...about, api: 'training' } as const;
const mostDeleted = 64;
const storedPerPage = 50;
const byUrl = { kind: 'json', schema: imageUrl, isOptional: false } as const;
const byBytes = { kind: 'picture', limit: 'predictionImageBytes' } as const;
/** As large as those to train on. */
const toTry = { kind: 'picture', limit: 'trainingImageBytes' } as const;

const quickTest = z.object({ iterationId: uuid().optional(), store: z.boolean().default(true) });

const storedRows: readonly Row[] = [
  row({
    ...training,
    operation: 'quickTestImage',
    method: 'POST',
    path: 'projects/{projectId}/quicktest/image',
    summary: 'Predicts an image with any iteration, using the training key.',
    query: quickTest,
    body: toTry,
    answer: imagePrediction,
    note: 'Without an iteration: the newest completed one. Images may be as large as those for training: 6 MB by default.',
    call: async (request) => {
      const question = await questionFor(request, request.query);
      return wirePrediction(
        request.loaders,
        await request.services.predictions.predict(request.caller, question, request.body.bytes),
      );
    },
  }),
  row({
    ...training,
    operation: 'quickTestImageUrl',
    method: 'POST',
    path: 'projects/{projectId}/quicktest/url',
    summary: 'The same for an image at a URL.',
    query: quickTest,
    body: byUrl,
    answer: imagePrediction,
    call: async (request) => {
      const question = await questionFor(request, request.query);
      const input = { ...question, image: { url: request.body.url } };
      return wirePrediction(
        request.loaders,
        await request.services.predictions.predictFromSource(request.caller, input),
      );
    },
  }),
  row({
    ...training,
    operation: 'queryPredictions',
    method: 'POST',
    path: 'projects/{projectId}/predictions/query',
    summary: 'Stored predictions that match a query, page by page.',
    body: { kind: 'json', schema: predictionQuery, isOptional: true },
    answer: predictionPage,
    note: 'Suggested: the most uncertain first. Times may have any offset, and are UTC without one. When few predictions have the tags, a page may be short although there is a continuation.',
    call: async (request) => {
      const { caller, services, path } = request;
      const token = request.body ?? {};
      const query = queryOf(token);
      const found = services.predictions.query(caller, path('projectId'), query);
      const { predictions, next } = await continued(found);
      const { domainId } = await services.projects.get(caller, 'read', path('projectId'));
      return {
        token: { ...token, session: token.session || newId(), continuation: next, maxCount: query.limit },
        results: await Promise.all(predictions.map((prediction) => wireStored(request, prediction, domainId))),
      };
    },
  }),
  row({
    ...training,
    operation: 'deletePrediction',
    method: 'DELETE',
    path: 'projects/{projectId}/predictions',
    summary: 'Deletes stored predictions with their images.',
    query: z.object({ ids: csv(uuid(), mostDeleted).min(1) }),
    answer: null,
    call: ({ caller, services, path, query: { ids } }) =>
      services.predictions.deleteMany(caller, path('projectId'), ids),
  }),
];

type Asked = Pick<RowRequest, 'caller' | 'services' | 'path'>;

async function questionFor({ caller, services, path }: Asked, { iterationId, store }: z.output<typeof quickTest>) {
  const projectId = path('projectId');
  const id = iterationId ?? (await services.training.getNewestModel(caller, projectId)).id;
  return { projectId, publishedName: null, iterationId: id, store, explain: false };
}

const orders = {
  Newest: PredictionOrder.NEWEST,
  Oldest: PredictionOrder.OLDEST,
  Suggested: PredictionOrder.MOST_UNCERTAIN,
} as const;

function queryOf(token: z.output<typeof predictionQuery>): PredictionQuery {
  const { maxCount, orderBy, continuation, iterationId, application, startTime, endTime, tags } = token;
  return {
    orderBy: orders[orderBy ?? 'Newest'],
    limit: maxCount || storedPerPage,
    after: continuation || null,
    iterationId: iterationId?.toLowerCase() ?? null,
    application: application ?? null,
    from: startTime ? new Date(startTime) : null,
    to: endTime ? new Date(endTime) : null,
    tags: (tags ?? []).map(({ id, minThreshold, maxThreshold }) => ({
      id: id.toLowerCase(),
      min: minThreshold ?? 0,
      max: maxThreshold ?? 1,
    })),
  };
}

const kinds = {
  classify: { kind: ProjectKind.CLASSIFICATION, operation: 'classifyImage' },
  detect: { kind: ProjectKind.DETECTION, operation: 'detectImage' },
} as const;

type Verb = keyof typeof kinds;

/** The same four ways for both kinds: as bytes or by address, kept or not. */
function predictionRowsOf(verb: Verb): Row[] {
  const path = `{projectId}/${verb}/iterations/{publishedName}`;
  const { operation } = kinds[verb];
  const named = { ...about, api: 'prediction', method: 'POST', answer: imagePrediction } as const;
  const query = z.object({ application: z.string().optional() });
  return [true, false].flatMap((store) => {
    const [suffix, end, what] = store ? ['', '', 'kept'] : ['WithNoStore', '/nostore', 'not kept'];
    return [
      row({
        ...named,
        operation: `${operation}${suffix}`,
        path: `${path}/image${end}`,
        summary: `Predicts an image with a published ${verb === 'detect' ? 'detector' : 'classifier'}; the image is ${what}.`,
        query,
        body: byBytes,
        call: async (request) => {
          const question = await published(request, verb, store);
          return wirePrediction(
            request.loaders,
            await request.services.predictions.predict(request.caller, question, request.body.bytes),
          );
        },
      }),
      row({
        ...named,
        operation: `${operation}Url${suffix}`,
        path: `${path}/url${end}`,
        summary: `The same for an image at a URL; it is ${what}.`,
        query,
        body: byUrl,
        call: async (request) => {
          const question = await published(request, verb, store);
          const input = { ...question, image: { url: request.body.url } };
          return wirePrediction(
            request.loaders,
            await request.services.predictions.predictFromSource(request.caller, input),
          );
        },
      }),
    ];
  });
}

async function published(
  { caller, services, path, query }: Asked & { query: { application?: string | undefined } },
  verb: Verb,
  store: boolean,
) {
  const projectId = path('projectId');
  const { kind } = await services.projects.get(caller, 'predict', projectId);
  if (kind !== kinds[verb].kind) {
    const message = `The project type is invalid for this operation: ${verb} is for ${kinds[verb].kind}, the project is for ${kind}.`;
    throw new DomainError('INVALID', message, { field: 'projectType', value: kind });
  }
  const application = query.application ?? null;
  return { projectId, publishedName: path('publishedName'), iterationId: null, application, store, explain: false };
}

export const predictionRows: readonly Row[] = [
  ...storedRows,
  ...predictionRowsOf('classify'),
  ...predictionRowsOf('detect'),
];
