import type { Config } from '../infra/config.ts';
import type { Database } from '../infra/database/database.ts';
import { openDatabase } from '../infra/database/open.ts';
import { openStorage } from '../infra/storage/open.ts';
import { entities } from '../schema/entities/index.ts';
import { createActivities } from './activities/index.ts';
import { openBackbone, type Backbone } from './ml/backbones/backbone.ts';
import { backbones, type BackboneName } from './ml/backbones/registry.ts';

export type ActivitiesConfig = Pick<Config, 'database' | 'storage' | 'training' | 'limits'>;

/** The activities with connections of their own. */
export interface OpenActivities {
  activities: ReturnType<typeof createActivities>;
  database: Database;
  close: () => Promise<void>;
}

export async function openActivities(config: ActivitiesConfig): Promise<OpenActivities> {
  const database = await openDatabase(config.database, entities, []);
  const sessions = new Map<BackboneName, Promise<Backbone>>();
  const backbone = (name: BackboneName): Promise<Backbone> => {
    const open = sessions.get(name) ?? openBackbone(backbones[name], config.training);
    sessions.set(name, open);
    return open;
  };
  const { limits } = config;
  const activities = createActivities({
    database,
    storage: await openStorage(config.storage),
    backbone,
    threads: config.training.threads,
    recommendedImagesPerTag: {
      classification: limits.recommendedImagesPerTag,
      detection: limits.recommendedImagesPerDetectedTag,
    },
  });
  const close = async (): Promise<void> => {
    for (const session of sessions.values()) await (await session).release();
    await database.close();
  };
  return { activities, database, close };
}
