import type { Config } from '../infra/config.ts';
import type { Database } from '../infra/database/database.ts';
import { openDatabase } from '../infra/database/open.ts';
import { openStorage } from '../infra/storage/open.ts';
import { entities } from '../schema/entities/index.ts';
import { createActivities } from './activities/index.ts';
import { openBackbone } from './ml/backbones/backbone.ts';
import { backbones, type BackboneName } from './ml/backbones/registry.ts';
import { detectorRecipe } from './ml/detection/recipe.ts';
import { fineTuneRecipe, type FineTuneRecipe } from './ml/fine-tuning/recipe.ts';
import { openTrunk } from './ml/fine-tuning/trunk.ts';
import { OnceEach } from './ml/once-each.ts';

export type ActivitiesConfig = Pick<Config, 'database' | 'storage' | 'training' | 'limits' | 'urls'>;

/** The activities with connections of their own. */
export interface OpenActivities {
  activities: ReturnType<typeof createActivities>;
  database: Database;
  close: () => Promise<void>;
}

export async function openActivities(config: ActivitiesConfig): Promise<OpenActivities> {
  const database = await openDatabase(config.database, entities, []);
  const opened = new OnceEach((name: BackboneName) => openBackbone(backbones[name], config.training));
  const trunks = new OnceEach((name: BackboneName) => openTrunk(backbones[name], config.training));
  const { limits } = config;
  const { mostSteps } = config.training;
  const activities = createActivities({
    database,
    storage: await openStorage(config.storage),
    backbone: (name) => opened.of(name),
    trunk: (name) => trunks.of(name),
    recipes: {
      detector: (facts) => detectorRecipe({ ...facts, mostSteps }),
      fineTuning: (facts) => withinSteps(fineTuneRecipe(facts), facts.imageCount, mostSteps),
    },
    imageLimits: {
      maxBytes: limits.trainingImageBytes,
      maxEdgePixels: limits.longestEdgePixels,
      maxAspectRatio: limits.aspectRatio,
      maxMegapixels: limits.megapixels,
    },
    imagesPerProject: limits.imagesPerProject,
    urls: config.urls,
    threads: config.training.threads,
    recommendedImagesPerTag: {
      classification: limits.recommendedImagesPerTag,
      detection: limits.recommendedImagesPerDetectedTag,
    },
  });
  const close = async (): Promise<void> => {
    for (const open of [...(await opened.all()), ...(await trunks.all())]) await open.release();
    await database.close();
  };
  return { activities, database, close };
}

/** The recipe with a schedule as short as the operator wants it. */
function withinSteps(recipe: FineTuneRecipe, imageCount: number, most: number): FineTuneRecipe {
  const epochs = Math.min(recipe.epochs, (most * recipe.batchSize) / imageCount);
  return { ...recipe, epochs, minSteps: Math.min(recipe.minSteps, most) };
}
