import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../infra/config.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { TrainingCurvePoint } from '../../schema/contracts/training.ts';
import { CachedFeature } from '../../schema/entities/cached-feature.entity.ts';
import { EventRow } from '../../schema/entities/event.entity.ts';
import { RunStepRow } from '../../schema/entities/run-step.entity.ts';
import type { HistoryEvent } from '../workflow/stage.ts';
import type { Installation } from './installation.ts';

/** One activity in the history of a run. */
export interface ActivityFact {
  name: string;
  /** Of the attempt that ended it; null while none has. */
  attempt: number | null;
  /** Milliseconds since 1970; null while it has not ended. */
  endedMs: number | null;
}

/** What Temporal knows of a run. */
async function historyOf({ settings }: Installation, runId: string) {
  const { engine } = loadConfig(settings);
  if (engine.kind !== 'temporal') throw new Error('These tests are about Temporal.');
  const connection = await Connection.connect({ address: engine.address });
  try {
    const client = new Client({ connection, namespace: engine.namespace });
    return (await client.workflow.getHandle(runId).fetchHistory()).events ?? [];
  } finally {
    await connection.close();
  }
}

export async function activitiesOf(installation: Installation, runId: string): Promise<ActivityFact[]> {
  if (loadConfig(installation.settings).engine.kind === 'embedded') return journalOf(installation, runId);
  const events = await historyOf(installation, runId);
  return events.flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => {
    if (!scheduled) return [];
    const done = events.find(({ activityTaskCompletedEventAttributes: end }) =>
      end?.scheduledEventId?.eq(eventId ?? 0),
    );
    const start = events.find(({ activityTaskStartedEventAttributes: begin }) =>
      begin?.scheduledEventId?.eq(eventId ?? 0),
    );
    const attempt = done ? (start?.activityTaskStartedEventAttributes?.attempt ?? null) : null;
    const endedMs = done?.eventTime ? millisecondsOf(done.eventTime) : null;
    return [{ name: scheduled.activityType?.name ?? '', attempt, endedMs }];
  });
}

async function journalOf(installation: Installation, runId: string): Promise<ActivityFact[]> {
  const order = { sequence: 'ASC' } as const;
  const steps = await installation.query((manager) => manager.find(RunStepRow, { where: { runId }, order }));
  return steps.map(({ name, attempts, completion, updatedAt }) => {
    const isOver = completion !== null;
    return { name, attempt: isOver ? attempts : null, endedMs: isOver ? updatedAt : null };
  });
}

const millisecondsOf = ({ seconds, nanos }: NonNullable<HistoryEvent['eventTime']>): number =>
  Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;

/** Attempts beyond the first, of all activities of these runs. */
export async function repeatsOf(installation: Installation, runs: { id: string }[]): Promise<number> {
  const facts = await Promise.all(runs.map(({ id }) => activitiesOf(installation, id)));
  return facts.flat().reduce((sum, { attempt }) => sum + (attempt ?? 1) - 1, 0);
}

/** In which pack the features of each picture lie. */
export async function packsOf(installation: Installation): Promise<Map<string, string>> {
  const rows = await installation.query((manager) => manager.find(CachedFeature));
  return new Map(rows.map(({ sha256, packId, packIndex }) => [sha256, `${packId} ${packIndex}`]));
}

/** Forgets every cached feature, so that the next training computes all of them. */
export async function forgetFeatures(installation: Installation): Promise<void> {
  await installation.query((manager) => manager.deleteAll(CachedFeature));
}

/** The model objects of an iteration: there must be one. */
export async function modelsOf({ storage }: Installation, iterationId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of storage.list(keys.iteration(iterationId))) if (key.includes('/model/')) found.push(key);
  return found;
}

/** Packs that were ever stored, those included whose pictures another pack had already. */
export async function packCountOf({ storage }: Installation): Promise<number> {
  let count = 0;
  for await (const { key } of storage.list('features/')) if (key.endsWith('.pack')) count += 1;
  return count;
}

/** How often a worker could not go on with a run, because its program made other calls than the history has. */
export async function refusedTasksOf(installation: Installation, runId: string): Promise<number> {
  const events = await historyOf(installation, runId);
  const messages = events.map(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? '');
  return messages.filter((message) => message.includes('TMPRL1100')).length;
}

/** When each object of a training under way was stored, by its key. */
async function workTimesOf({ storage }: Installation, iterationId: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for await (const { key, modifiedAt } of storage.list(keys.trainingWork(iterationId)))
    times.set(key, modifiedAt.getTime());
  return times;
}

/** The same of the view packs; a process that repeats nothing leaves these times alone. */
export async function viewTimesOf(installation: Installation, iterationId: string): Promise<Map<string, number>> {
  const times = await workTimesOf(installation, iterationId);
  return new Map([...times].filter(([key]) => key.includes('/views/')));
}

/** When the last checkpoint of a part was stored; 0 before the first. */
export async function checkpointTimeOf(installation: Installation, iterationId: string, part: number): Promise<number> {
  return (await workTimesOf(installation, iterationId)).get(keys.checkpoint(iterationId, part)) ?? 0;
}

/** Steps of gradient descent as subscribers were told. */
export const pointsOf = (installation: Installation, entityId: string): Promise<TrainingCurvePoint[]> =>
  installation.query(async (manager) => {
    const events = await manager.find(EventRow, { where: { entityId }, order: { id: 'ASC' } });
    return events.flatMap(({ payload }) => (payload as { point?: TrainingCurvePoint | null }).point ?? []);
  });
