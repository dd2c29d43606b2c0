import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { pino } from 'pino';
import { loadConfig } from '../../infra/config.ts';
import { workerPolicies, type WorkerActivities } from '../../schema/contracts/policies.ts';
import { installRuntime } from '../../workers/temporal-runtime.ts';
import { TemporalEngine } from '../../workflows/engines/temporal.ts';
import { workflowBundle } from '../../workflows/engines/temporal-bundle.ts';
import { TemporalWorker } from '../../workflows/engines/temporal-worker.ts';
import { temporalBackend } from '../backends/temporal.ts';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A Temporal server with task queues of its own, and workers whose activities are made up. */
export interface Stage {
  engine: TemporalEngine;
  client: Client;
  /** @param entry another module of workflows, as if the program had been changed */
  startWorker(activities: Partial<WorkerActivities>, entry?: string): Promise<TemporalWorker>;
  events(id: string): Promise<HistoryEvent[]>;
  close(): Promise<void>;
}

const ownWorkflows = pathOf('../../workflows/temporal/index.ts');
export const bundleOf = (entry = ownWorkflows) => workflowBundle({ entry });

export function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export async function openStage(): Promise<Stage> {
  installRuntime(pino({ level: 'silent' }));
  const { engine: temporal } = loadConfig((await temporalBackend())?.settings ?? {});
  if (temporal.kind !== 'temporal') throw new Error('TAGLENS_TEST_TEMPORAL_ADDRESS names no Temporal server.');
  const engine = new TemporalEngine(temporal);
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection });
  return {
    engine,
    client,
    async startWorker(activities, entry) {
      const own = { activities: { ...activities }, policies: workerPolicies, concurrency: 16 };
      return TemporalWorker.start({ ...own, temporal, bundle: await bundleOf(entry), drainMs: 0, retryDelayMs: 100 });
    },
    events: async (id) => (await client.workflow.getHandle(id).fetchHistory()).events ?? [],
    async close() {
      await engine.close();
      await connection.close();
    },
  };
}
