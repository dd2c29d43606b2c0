import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import type { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { freshBackend } from '../../backends/backend.ts';

export interface TrainingData {
  storage: Storage;
  /** Opens the same database again, as another process would. */
  open(): Promise<Database>;
  remove(): Promise<void>;
}

/** A fresh database with the tables of the service, and a storage. */
export async function createTrainingData(): Promise<TrainingData> {
  const backend = await freshBackend();
  const config = loadConfig(backend.settings);
  const opened: Database[] = [];
  return {
    storage: await openStorage(config.storage),
    async open() {
      const database = await openDatabase(config.database, entities, migrations, { migrate: opened.length === 0 });
      opened.push(database);
      return database;
    },
    async remove() {
      for (const database of opened) await database.close();
      await backend.close();
    },
  };
}

/** Writes a queued iteration, as the API would, and returns its id. */
export async function insertIteration(
  database: Database,
  projectId: string,
  changes: Partial<Iteration> = {},
): Promise<string> {
  const id = newId();
  const status = IterationStatus.QUEUED;
  const state = { status, phase: TrainingPhase.SNAPSHOT, fraction: 0, message: '', progressedAt: 0 };
  const none = { tagIds: null, snapshotSha256: null, modelSha256: null, error: null, trainedAt: null };
  const recipe = { mode: TrainingMode.QUICK, backbone: 'efficientnet-lite0', seed: 1, imageCount: 0, warnings: [] };
  const learned = { budgetMinutes: null, inputSize: 224, isTiled: false, trainingCurve: null, comparison: null };
  const row = { id, projectId, name: 'one', createdAt: new Date(), ...state, ...none, ...recipe, contentVersion: 1 };
  await database.transact((manager) => manager.insert(Iteration, { ...row, ...learned, ...changes }));
  return id;
}

/** Starts a training in the embedded engine. */
export async function startTraining(
  database: Database,
  engine: EmbeddedEngine,
  projectId: string,
  changes: Partial<Iteration> = {},
): Promise<string> {
  const id = await insertIteration(database, projectId, changes);
  await engine.start('trainIteration', { iterationId: id }, { id, group: projectId });
  return id;
}

const ended = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** The iteration as it is when its training is over. */
export async function endOf(database: Database, engine: EmbeddedEngine, id: string): Promise<Iteration> {
  while (!ended.has((await engine.describe(id))?.status ?? '')) await new Promise((resolve) => setTimeout(resolve, 50));
  return database.read.manager.findOneByOrFail(Iteration, { id });
}

export async function trainToEnd(...training: Parameters<typeof startTraining>): Promise<Iteration> {
  const [database, engine] = training;
  return endOf(database, engine, await startTraining(...training));
}
