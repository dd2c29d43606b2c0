import type { Database } from '../../../infra/database/database.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';

/** A row as a training leaves it; its model and evaluation are not there. */
export async function completedIteration(database: Database, projectId: string): Promise<string> {
  const id = newId();
  const state = { status: IterationStatus.COMPLETED, phase: TrainingPhase.DONE, fraction: 1, message: '' };
  const recipe = { mode: TrainingMode.QUICK, backbone: 'b', tagIds: null, contentVersion: 0, seed: 1, warnings: [] };
  const row = { id, projectId, name: 'i', ...state, ...recipe, imageCount: 0, createdAt: new Date() };
  await database.transact((manager) => manager.insert(Iteration, row));
  return id;
}
