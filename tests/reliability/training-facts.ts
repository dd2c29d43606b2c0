import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../infra/config.ts';
import { keys } from '../../infra/storage/keys.ts';
import { CachedFeature } from '../../schema/entities/cached-feature.entity.ts';
import type { Installation } from './installation.ts';

/** One activity in the history of a run. */
export interface ActivityFact {
  name: string;
  /** Of the attempt that ended it; null while none has. */
  attempt: number | null;
}

/** What Temporal knows of a run. */
export async function activitiesOf({ settings }: Installation, runId: string): Promise<ActivityFact[]> {
  const { engine } = loadConfig(settings);
  if (engine.kind !== 'temporal') throw new Error('These tests are about Temporal.');
  const connection = await Connection.connect({ address: engine.address });
  try {
    const client = new Client({ connection, namespace: engine.namespace });
    const { events = [] } = await client.workflow.getHandle(runId).fetchHistory();
    return (events ?? []).flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => {
      if (!scheduled) return [];
      const done = events?.find(({ activityTaskCompletedEventAttributes: end }) =>
        end?.scheduledEventId?.eq(eventId ?? 0),
      );
      const start = events?.find(({ activityTaskStartedEventAttributes: begin }) =>
        begin?.scheduledEventId?.eq(eventId ?? 0),
      );
      const attempt = done ? (start?.activityTaskStartedEventAttributes?.attempt ?? null) : null;
      return [{ name: scheduled.activityType?.name ?? '', attempt }];
    });
  } finally {
    await connection.close();
  }
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
