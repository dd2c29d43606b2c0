// Writes histories/*.json from real runs: `infra/servers.sh run npm run histories`, after a change of an orchestration.
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import proto from '@temporalio/proto';
import type { TrainingActivities } from '../../schema/contracts/training.ts';
import { newId } from '../../schema/id.ts';
import { until } from '../integration/engine/setup.ts';
import { openStage, pathOf, type Stage } from './stage.ts';
import { trivialActivities } from './training-stand-in.ts';

const { History } = proto.temporal.api.history.v1;
const stuck = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** How a training can end; each takes another way through the orchestration. */
const endings: Record<string, Partial<TrainingActivities>> = {
  completed: {},
  failed: {
    fitHead: () => Promise.reject(Object.assign(new Error('No tag has enough images.'), { nonRetryable: true })),
  },
  cancelled: { extractFeatures: (_, { signal }) => stuck(signal) },
};

async function record(stage: Stage, ending: string, changes: Partial<TrainingActivities>): Promise<void> {
  const id = newId();
  const worker = await stage.startWorker(trivialActivities(changes));
  await stage.engine.start('trainIteration', { iterationId: id }, { id });
  if (ending === 'cancelled') {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await stage.engine.cancel(id);
  }
  const status = ending.toUpperCase();
  await until(async () => (await stage.engine.describe(id))?.status === status, status, 60_000);
  await worker.stop();
  const history = History.fromObject({ events: await stage.events(id) });
  const json = History.toObject(history, { longs: Number, enums: String, bytes: String });
  // Whose machine it was is nobody's business.
  const text = JSON.stringify(json, (key, value: unknown) => (key === 'stackTrace' ? '' : value), 1);
  await writeFile(pathOf(`./histories/train-iteration.${ending}.json`), `${text.replaceAll(hostname(), 'worker')}\n`);
}

const stage = await openStage();
for (const [ending, changes] of Object.entries(endings)) await record(stage, ending, changes);
await stage.close();
