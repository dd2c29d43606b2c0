import { benchImportAzure } from './import-azure.ts';
import { benchAzure } from './azure.ts';
import { benchLoad } from './load.ts';
import { benchModels } from './models.ts';
import type { BenchName } from './names.ts';
import { benchPredict } from './predict.ts';
import { benchProposals } from './proposals.ts';
import { benchQuality } from './quality/quality.ts';
import { benchShards } from './shards.ts';
import { benchSubscriptions } from './subscriptions.ts';
import { benchTrain } from './train.ts';
import { benchTrainStep } from './train-step.ts';
import { benchUploads } from './uploads.ts';

export interface BenchOptions {
  /** A short form that only shows that it works. */
  smoke: boolean;
  /** Of a benchmark of many cases, those whose name contains this. */
  only?: string | undefined;
  /** Of a case that is measured several times, how often at most. */
  runs?: number | undefined;
  /** Goes on after the runs of a case that were measured before, which were of the same recipe. */
  more?: boolean | undefined;
}

export const benches: Record<BenchName, (options: BenchOptions) => Promise<void>> = {
  train: benchTrain,
  'train-step': benchTrainStep,
  predict: benchPredict,
  azure: benchAzure,
  proposals: benchProposals,
  quality: benchQuality,
  models: benchModels,
  subscriptions: benchSubscriptions,
  load: benchLoad,
  uploads: benchUploads,
  shards: benchShards,
  'import-azure': benchImportAzure,
};
