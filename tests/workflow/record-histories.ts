// Writes histories/*.json from real runs: `infra/servers.sh run npm run histories -- WAY…`, after a change of an orchestration.
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import proto from '@temporalio/proto';
import type { ExportActivities } from '../../schema/contracts/export.ts';
import type { ImportActivities } from '../../schema/contracts/import.ts';
import type { WorkerActivities } from '../../schema/contracts/policies.ts';
import type { TrainingActivities, TrainingPlanName } from '../../schema/contracts/training.ts';
import { newId } from '../../schema/id.ts';
import { until } from '../until.ts';
import { openStage, pathOf, type Stage } from './stage.ts';
import { trivialActivities } from './training-stand-in.ts';

const { History } = proto.temporal.api.history.v1;
const stuck = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** Ways through a training: how it can end, and what is trained. */
const trainings: Record<string, Partial<TrainingActivities>> = {
  completed: {},
  detector: planned('DETECTOR', 3),
  'fine-tuned': planned('FINE_TUNE', 2),
  failed: {
    fitHead: () => Promise.reject(Object.assign(new Error('No tag has enough images.'), { nonRetryable: true })),
  },
  // One of three shards, while the others are under way.
  'shard-failed': {
    extractFeatures: async ({ shard }, { signal }) => {
      if (shard !== 1) return Promise.race([stuck(signal), sleep(5000, { leftOutCount: 0 })]);
      await sleep(1000);
      throw Object.assign(new Error('The disk is full.'), { nonRetryable: true });
    },
  },
  cancelled: { extractFeatures: (_, { signal }) => stuck(signal) },
};

/** Activities of an export that answer at once. */
const trivialExport: ExportActivities = {
  writeExport: () => Promise.resolve({ sizeBytes: 7_000_000, sha256: 'f'.repeat(64), largestDifference: 0.003 }),
  completeExport: () => Promise.resolve(),
  failExport: () => Promise.resolve(),
};
const exports: Record<string, Partial<ExportActivities>> = {
  completed: {},
  failed: {
    writeExport: () => Promise.reject(Object.assign(new Error('The export was deleted.'), { nonRetryable: true })),
  },
};

/** Activities of an import of three pages and two iterations that answer at once. */
const trivialImport: ImportActivities = {
  importImages: ({ after }) => Promise.resolve({ next: after === null ? 'a' : after === 'a' ? 'b' : null }),
  importIteration: ({ after }) => Promise.resolve({ next: after === null ? 'i' : after === 'i' ? 'k' : null }),
  completeImport: () => Promise.resolve(),
  failImport: () => Promise.resolve(),
};
const imports: Record<string, Partial<ImportActivities>> = {
  completed: {},
  failed: {
    importIteration: () => Promise.reject(Object.assign(new Error('The token has expired.'), { nonRetryable: true })),
  },
};

const endedOtherwise: Record<string, string> = { failed: 'FAILED', 'shard-failed': 'FAILED', cancelled: 'CANCELLED' };

function planned(plan: TrainingPlanName, partCount: number): Partial<TrainingActivities> {
  return { takeSnapshot: () => Promise.resolve({ shardCount: 3, plan, partCount }) };
}

interface Way {
  orchestration: 'trainIteration' | 'exportIteration' | 'importProject';
  input: (id: string) => object;
  /** Begins the file's name. */
  subject: string;
  ending: string;
  activities: Partial<WorkerActivities>;
}

async function record(stage: Stage, { orchestration, input, subject, ending, activities }: Way): Promise<void> {
  const id = newId();
  const worker = await stage.startWorker(activities);
  await stage.engine.start(orchestration, input(id), { id });
  if (ending === 'cancelled') {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await stage.engine.cancel(id);
  }
  const status = endedOtherwise[ending] ?? 'COMPLETED';
  await until(async () => (await stage.engine.describe(id))?.status === status, { what: status });
  await worker.stop();
  const history = History.fromObject({ events: await stage.events(id) });
  const json = History.toObject(history, { longs: Number, enums: String, bytes: String });
  // Whose machine it was is nobody's business.
  const text = JSON.stringify(json, (key, value: unknown) => (key === 'stackTrace' ? '' : value), 1);
  await writeFile(pathOf(`./histories/${subject}.${ending}.json`), `${text.replaceAll(hostname(), 'worker')}\n`);
}

const ways: Way[] = [
  ...Object.entries(trainings).map(([ending, changes]): Way => ({
    orchestration: 'trainIteration',
    input: (iterationId) => ({ iterationId }),
    subject: 'train-iteration',
    ending,
    activities: trivialActivities(changes),
  })),
  ...Object.entries(exports).map(([ending, changes]): Way => ({
    orchestration: 'exportIteration',
    input: (exportId) => ({ exportId }),
    subject: 'export-iteration',
    ending,
    activities: { ...trivialExport, ...changes },
  })),
  ...Object.entries(imports).map(([ending, changes]): Way => ({
    orchestration: 'importProject',
    input: (projectId) => ({ projectId }),
    subject: 'import-project',
    ending,
    // A worker must have activities for both queues.
    activities: { ...trivialActivities(), ...trivialImport, ...changes },
  })),
];

const stage = await openStage();
const wanted = process.argv.slice(2);
for (const way of ways)
  if (wanted.length === 0 || wanted.includes(`${way.subject}.${way.ending}`)) await record(stage, way);
await stage.close();
