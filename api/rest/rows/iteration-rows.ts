import { z } from 'zod';
import { findDomain } from '../../features/domains/domains.ts';
import { platformsOf } from '../../features/exports/platforms.ts';
import { DomainError, notFound } from '../../errors.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import type { Publication } from '../../../schema/entities/publication.entity.ts';
import { IterationStatus, TrainingMode } from '../../../schema/enums.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { allPages } from '../wire/all-pages.ts';
import { iterationChanges, iterationModel, performanceModel, trainingParameters } from '../wire/models.ts';
import { wirePerformance } from '../wire/performance.ts';
import { wireType } from './project-rows.ts';

type WireIteration = z.input<typeof iterationModel>;

const about = { api: 'training', subject: 'Iteration' } as const;
const one = 'projects/{projectId}/iterations/{iterationId}';
const fraction = z.number().min(0).max(1);
const minutesAnHour = 60;
const typeNote = 'The classification type is the current one of the project: an iteration does not keep its own.';

export const iterationRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getIterations',
    method: 'GET',
    path: 'projects/{projectId}/iterations',
    summary: 'Every iteration of a project, oldest first.',
    answer: z.array(iterationModel),
    note: `Oldest first: Azure states no order, but its published example has this one. The workspace is not included. ${typeNote}`,
    call: async (request) => {
      const { caller, services, path } = request;
      const rows = await allPages((page) => services.training.list(caller, path('projectId'), page));
      return wireIterations(request, rows.toReversed());
    },
  }),
  row({
    ...about,
    operation: 'getIteration',
    method: 'GET',
    path: one,
    summary: 'One iteration.',
    answer: iterationModel,
    note: typeNote,
    call: async (request) => wireIteration(request, await iterationOf(request)),
  }),
  row({
    ...about,
    operation: 'updateIteration',
    method: 'PATCH',
    path: one,
    summary: 'Renames an iteration; a whole one may be sent back.',
    body: { kind: 'json', schema: iterationChanges, isOptional: false },
    answer: iterationModel,
    call: async (request) => {
      const { id } = await iterationOf(request);
      const { name } = request.body;
      return wireIteration(request, await request.services.training.rename(request.caller, { id, name }));
    },
  }),
  row({
    ...about,
    operation: 'deleteIteration',
    method: 'DELETE',
    path: one,
    summary: 'Deletes an iteration and its model. Refused while it is published or training.',
    answer: null,
    note: 'Images stay: the deletion does not distinguish images in the workspace from images that only the iteration was trained on.',
    call: async (request) => request.services.training.delete(request.caller, (await iterationOf(request)).id),
  }),
  row({
    ...about,
    operation: 'trainProject',
    method: 'POST',
    path: 'projects/{projectId}/train',
    summary: 'Starts a training.',
    query: z.object({
      trainingType: z.enum(['Regular', 'Advanced']).optional(),
      reservedBudgetInHours: z.int().min(0).default(0),
      forceTrain: z.boolean().default(false),
      notificationEmailAddress: z.string().optional(),
    }),
    body: { kind: 'json', schema: trainingParameters, isOptional: true },
    answer: iterationModel,
    note: 'Advanced without a budget takes up to 30 minutes. No e-mail is sent. A waiting training has the status Training, a cancelled one Failed. customBaseModelInfo is refused with BadRequestNotSupported: every training starts from the network of its domain.',
    call: async (request) => {
      const { trainingType = 'Regular', reservedBudgetInHours, forceTrain } = request.query;
      const { selectedTags = null, customBaseModelInfo } = request.body ?? {};
      if (customBaseModelInfo) throw noBaseModel();
      const isAdvanced = trainingType === 'Advanced';
      const input = {
        projectId: request.path('projectId'),
        mode: isAdvanced ? TrainingMode.ADVANCED : TrainingMode.QUICK,
        budgetMinutes: isAdvanced && reservedBudgetInHours > 0 ? reservedBudgetInHours * minutesAnHour : null,
        tagIds: selectedTags?.length ? selectedTags.map((id) => id.toLowerCase()) : null,
        force: forceTrain,
        seed: 1,
        isTiled: false,
      };
      const started = await request.services.training.train(request.caller, input).catch(toldInHours);
      return wireIteration(request, started);
    },
  }),
  row({
    ...about,
    operation: 'getIterationPerformance',
    method: 'GET',
    path: `${one}/performance`,
    summary: 'The performance of an iteration at a threshold.',
    query: z.object({ threshold: fraction.default(0.5), overlapThreshold: fraction.default(0.3) }),
    answer: performanceModel,
    note: 'Measured on images that the model was not trained on, whereas Azure measures on its training images: the figures are lower, and reliable. Deviations are those of a normal distribution with the same 95 % interval. Default thresholds: 0.5 and 0.3.',
    call: async (request) => {
      const iteration = await iterationOf(request);
      const performance = await request.services.evaluation.performance(iteration, request.query);
      if (!performance) throw notTrained(iteration);
      return wirePerformance(performance);
    },
  }),
  row({
    ...about,
    subject: 'Publication',
    operation: 'publishIteration',
    method: 'POST',
    path: `${one}/publish`,
    summary: 'Publishes an iteration under a name.',
    query: z.object({ publishName: z.string(), predictionId: z.string(), overwrite: z.boolean().default(false) }),
    answer: z.literal(true),
    note: 'Any text is accepted as predictionId: this server is the only prediction resource. An iteration may have several names; the oldest is reported.',
    call: async (request) => {
      const { publishName: name, predictionId: resourceId, overwrite } = request.query;
      const { id: iterationId } = await iterationOf(request);
      const input = { iterationId, name, resourceId, overwrite };
      await request.services.publishing.publish(request.caller, input);
      return true;
    },
  }),
  row({
    ...about,
    operation: 'unpublishIteration',
    method: 'DELETE',
    path: `${one}/publish`,
    summary: 'Withdraws all published names of an iteration.',
    answer: null,
    call: async (request) => {
      const { id } = await iterationOf(request);
      return request.services.publishing.unpublishIteration(request.caller, id);
    },
  }),
];

type IterationRequest = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;

/** One of another project is none of this one. */
export async function iterationOf(
  { caller, services, path }: Pick<IterationRequest, 'caller' | 'services' | 'path'>,
  id = path('iterationId'),
): Promise<Iteration> {
  const iteration = await services.training.get(caller, 'read', id);
  if (iteration.projectId !== path('projectId')) throw notFound('iteration of this project', iteration.id);
  return iteration;
}

async function wireIteration(request: IterationRequest, iteration: Iteration): Promise<WireIteration> {
  const [wire] = await wireIterations(request, [iteration]);
  return wire as WireIteration;
}

async function wireIterations(
  { caller, services, loaders }: IterationRequest,
  iterations: readonly Iteration[],
): Promise<WireIteration[]> {
  const [first] = iterations;
  if (!first) return [];
  const project = await services.projects.get(caller, 'read', first.projectId);
  return Promise.all(
    iterations.map(async (iteration) => {
      const [publication] = await loaders.publicationsOfIteration.load(iteration.id);
      const facts = { domainId: iteration.domainId ?? project.domainId, type: wireType(project.classificationType) };
      return toWire(iteration, facts, publication ?? null);
    }),
  );
}

const statuses: Record<IterationStatus, WireIteration['status']> = {
  [IterationStatus.QUEUED]: 'Training',
  [IterationStatus.TRAINING]: 'Training',
  [IterationStatus.COMPLETED]: 'Completed',
  [IterationStatus.FAILED]: 'Failed',
  [IterationStatus.CANCELLED]: 'Failed',
};

function toWire(
  iteration: Iteration,
  { domainId, type }: { domainId: string; type: WireIteration['classificationType'] },
  publication: Publication | null,
): WireIteration {
  const { id, name, status, mode, budgetMinutes, projectId, createdAt, trainedAt, error } = iteration;
  const domain = findDomain(domainId);
  const platforms = domain && status === IterationStatus.COMPLETED ? platformsOf(domain) : [];
  const changedAt = publication?.createdAt ?? trainedAt ?? createdAt;
  return {
    id,
    name,
    status: statuses[status],
    created: createdAt.toISOString(),
    lastModified: changedAt.toISOString(),
    trainedAt: trainedAt?.toISOString() ?? null,
    projectId,
    exportable: platforms.length > 0,
    exportableTo: platforms,
    domainId,
    classificationType: type,
    trainingType: mode === TrainingMode.ADVANCED ? 'Advanced' : 'Regular',
    reservedBudgetInHours: Math.ceil((budgetMinutes ?? 0) / minutesAnHour),
    trainingTimeInMinutes: trainedAt ? Math.ceil((trainedAt.getTime() - createdAt.getTime()) / 60_000) : 0,
    publishName: publication?.name ?? null,
    originalPublishResourceId: publication?.resourceId ?? null,
    ...(statuses[status] === 'Failed' ? { trainingErrorDetails: error ?? 'The training was cancelled.' } : {}),
  };
}

/** A budget that is too long is refused by the name and in the unit that the client knows. */
function toldInHours(error: unknown): never {
  if (!(error instanceof DomainError) || error.details['field'] !== 'budgetMinutes') throw error;
  const hours = (name: string): number => Math.floor(Number(error.details[name]) / minutesAnHour);
  const [field, max, value] = ['reservedBudgetInHours', hours('max'), hours('value')];
  const message = `${field} must be 0 to ${max}; it is ${value}.`;
  throw new DomainError('INVALID', message, { field, min: 0, max, value });
}

function notTrained({ name, status }: Iteration): DomainError {
  return new DomainError('NOT_TRAINED', `Iteration ${JSON.stringify(name)} is ${status}; it has no figures.`);
}

function noBaseModel(): DomainError {
  const message = 'customBaseModelInfo is not supported: every training starts from the backbone of its domain.';
  return new DomainError('NOT_SUPPORTED', message, { field: 'customBaseModelInfo' });
}
