import { parentPort, workerData } from 'node:worker_threads';
import type { Config, EngineConfig } from '../infra/config.ts';
import { openDatabase } from '../infra/database/open.ts';
import { createLogger } from '../infra/logger.ts';
import { openStorage } from '../infra/storage/open.ts';
import { trainingPolicies } from '../schema/contracts/training.ts';
import { entities } from '../schema/entities/index.ts';
import { EmbeddedRunner } from '../workflows/engines/embedded-runner.ts';
import { trainIteration } from '../workflows/orchestrations/train-iteration.ts';
import { createActivities } from './activities/index.ts';
import { openBackbone, type Backbone } from './ml/backbones/backbone.ts';
import { backbones, type BackboneName } from './ml/backbones/registry.ts';

export type TrainingThreadConfig = Pick<Config, 'database' | 'storage' | 'logLevel' | 'training' | 'limits'> & {
  engine: Extract<EngineConfig, { kind: 'embedded' }>;
};
/** What the server tells the thread; the thread says «ready» once. */
export type ToTrainingThread = 'poke' | 'stop';

/** The thread that trains inside the server: it shares nothing with the API but the database and the storage. */
async function runTrainingThread(config: TrainingThreadConfig, port: NonNullable<typeof parentPort>): Promise<void> {
  const database = await openDatabase(config.database, entities, []);
  const storage = await openStorage(config.storage);
  const sessions = new Map<BackboneName, Promise<Backbone>>();
  const backbone = (name: BackboneName): Promise<Backbone> => {
    const open = sessions.get(name) ?? openBackbone(backbones[name], config.training);
    sessions.set(name, open);
    return open;
  };
  const runner = new EmbeddedRunner({
    database,
    orchestrations: { trainIteration },
    activities: createActivities({
      database,
      storage,
      backbone,
      threads: config.training.threads,
      recommendedImagesPerTag: config.limits.recommendedImagesPerTag,
    }),
    policies: trainingPolicies,
    concurrency: config.training.concurrency,
    leaseMs: config.engine.leaseMs,
    pollMs: config.engine.pollMs,
    logger: createLogger({ level: config.logLevel, name: 'training' }),
  });
  const stop = async (): Promise<void> => {
    await runner.stop();
    for (const session of sessions.values()) await (await session).release();
    await database.close();
    port.close();
  };
  port.on('message', (message: ToTrainingThread) => {
    if (message === 'poke') runner.poke();
    else void stop();
  });
  runner.start();
  port.postMessage('ready');
}

if (parentPort) await runTrainingThread(workerData as TrainingThreadConfig, parentPort);
