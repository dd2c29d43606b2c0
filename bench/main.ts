import { basename } from 'node:path';
import { CliError } from '../cli/errors.ts';
import type { BenchName } from './names.ts';

export interface BenchOptions {
  /** A short form that only shows that it works. */
  smoke: boolean;
  /** Restricts a benchmark of many cases to those whose name contains this. */
  only?: string | undefined;
  /** Maximum number of runs of a case that is measured several times. */
  runs?: number | undefined;
  /** Goes on after the runs of a case that were measured before, which were of the same recipe. */
  more?: boolean | undefined;
}

type Bench = (options: BenchOptions) => Promise<void>;

/** Each is loaded for itself: some need packages, or modules of the tests, that an image lacks. */
const benches: Record<BenchName, () => Promise<Bench>> = {
  train: async () => (await import('./train.ts')).benchTrain,
  'train-step': async () => (await import('./train-step.ts')).benchTrainStep,
  predict: async () => (await import('./predict.ts')).benchPredict,
  azure: async () => (await import('./azure.ts')).benchAzure,
  proposals: async () => (await import('./proposals.ts')).benchProposals,
  quality: async () => (await import('./quality/quality.ts')).benchQuality,
  models: async () => (await import('./models.ts')).benchModels,
  subscriptions: async () => (await import('./subscriptions.ts')).benchSubscriptions,
  load: async () => (await import('./load.ts')).benchLoad,
  uploads: async () => (await import('./uploads.ts')).benchUploads,
  shards: async () => (await import('./shards.ts')).benchShards,
  'import-azure': async () => (await import('./import-azure.ts')).benchImportAzure,
};

export async function runBench(name: BenchName, options: BenchOptions): Promise<void> {
  const bench = await benches[name]().catch((error: unknown) => {
    throw lackOf(name, error) ?? error;
  });
  await bench(options);
}

function lackOf(name: BenchName, error: unknown): CliError | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const lacking = /^Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1] ?? 'a module';
  const remedy = 'Run it in a clone of the repository, after `npm ci`.';
  return new CliError(`bench ${name} needs ${basename(lacking)}, which is there for development only. ${remedy}`);
}
