import { pino } from 'pino';
import type { Database } from '../../../infra/database/database.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { workerPolicies } from '../../../schema/contracts/policies.ts';
import { createActivities } from '../../../workers/activities/index.ts';
import type { Recipes } from '../../../workers/activities/training-plan.ts';
import { openBackbone } from '../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { detectorRecipe } from '../../../workers/ml/detection/recipe.ts';
import { fineTuneRecipe } from '../../../workers/ml/fine-tuning/recipe.ts';
import { openTrunk, type Trunk } from '../../../workers/ml/fine-tuning/trunk.ts';
import { EmbeddedRunner } from '../../../workflows/engines/embedded-runner.ts';
import * as orchestrations from '../../../workflows/orchestrations/index.ts';

interface RunnerOptions {
  database: Database;
  storage: Storage;
  /** Of the runtime, and images side by side. */
  threads: number;
  recipes?: Partial<Recipes>;
}

export interface TrainingRunner {
  runner: EmbeddedRunner;
  activities: ReturnType<typeof createActivities>;
  /** Gives the backbone back; the runner must have stopped. */
  release: () => Promise<void>;
}

/** What trains in a process, with the small backbone and everything that can differ between machines. */
export function newRunner({ database, storage, threads, recipes = {} }: RunnerOptions): TrainingRunner {
  const spec = backbones['efficientnet-lite0'];
  const backbone = openBackbone(spec, { threads });
  let trunk: Promise<Trunk> | undefined;
  const activities = createActivities({
    database,
    storage,
    backbone: () => backbone,
    trunk: () => (trunk ??= openTrunk(spec, { threads })),
    recipes: { detector: detectorRecipe, fineTuning: fineTuneRecipe, ...recipes },
    imageLimits: { maxBytes: 6_000_000, maxEdgePixels: 10_240, maxAspectRatio: 50, maxMegapixels: 50 },
    imagesPerProject: 1000,
    urls: { allow: [], timeoutMs: 5000 },
    threads,
    recommendedImagesPerTag: { classification: 5, detection: 5 },
  });
  const runner = new EmbeddedRunner({
    database,
    orchestrations,
    activities,
    policies: workerPolicies,
    concurrency: 1,
    leaseMs: 15_000,
    pollMs: 50,
    logger: pino({ level: 'silent' }),
  });
  return {
    runner,
    activities,
    release: async () => {
      await (await backbone).release();
      await (await trunk)?.release();
    },
  };
}
