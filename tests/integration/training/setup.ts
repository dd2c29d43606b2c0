import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../../infra/database.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';

export interface TrainingFolder {
  folder: string;
  /** Opens the same database again, as another process would. */
  open(): Promise<Database>;
  remove(): Promise<void>;
}

/** A fresh folder with the tables of the service. */
export async function createTrainingFolder(): Promise<TrainingFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-training-'));
  const opened: Database[] = [];
  return {
    folder,
    async open() {
      const database = await openDatabase({ data: folder }, entities, migrations, { migrate: opened.length === 0 });
      opened.push(database);
      return database;
    },
    async remove() {
      for (const database of opened) await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a queued iteration, as the API would, and returns its id. */
export async function insertIteration(database: Database, projectId: string, status = IterationStatus.QUEUED) {
  const id = newId();
  const state = { status, phase: TrainingPhase.SNAPSHOT, fraction: 0, message: '', progressedAt: 0 };
  const none = { tagIds: null, snapshotSha256: null, modelSha256: null, error: null, trainedAt: null };
  const recipe = { mode: TrainingMode.QUICK, backbone: 'efficientnet-lite0', seed: 1, imageCount: 0, warnings: [] };
  const row = { id, projectId, name: 'one', createdAt: new Date(), ...state, ...none, ...recipe, contentVersion: 1 };
  await database.transact((manager) => manager.insert(Iteration, row));
  return id;
}
