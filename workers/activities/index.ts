import { keys } from '../../infra/storage/keys.ts';
import type { TrainingActivities } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { IterationStatus, TrainingPhase } from '../../schema/enums.ts';
import type { ActivityDeps } from './deps.ts';
import { extractFeatures } from './extract-features.ts';
import { fitHead } from './fit-head.ts';
import { reportProgress } from './progress.ts';
import { takeSnapshot } from './take-snapshot.ts';

const phase = TrainingPhase.DONE;

const completeIteration =
  ({ database }: ActivityDeps): TrainingActivities['completeIteration'] =>
  ({ iterationId, leftOut, modelSha256 }) =>
    database.transact(async (manager) => {
      const warnings = leftOut.map(({ imageId, reason }) => `Image ${imageId} was left out: ${reason}`);
      await manager.update(Iteration, { id: iterationId }, { warnings, modelSha256, trainedAt: new Date() });
      const progress = { status: IterationStatus.COMPLETED, phase, fraction: 1, message: 'The model is ready.' };
      await reportProgress(manager, iterationId, progress);
    });

/** Says on the row how the training ended and removes what it had written. */
const failIteration =
  ({ database, storage }: ActivityDeps): TrainingActivities['failIteration'] =>
  async ({ iterationId, reason, isCancelled }) => {
    await storage.deletePrefix(keys.iteration(iterationId));
    await database.transact(async (manager) => {
      const status = isCancelled ? IterationStatus.CANCELLED : IterationStatus.FAILED;
      await manager.update(Iteration, { id: iterationId }, { error: isCancelled ? null : reason });
      await reportProgress(manager, iterationId, { status, phase, fraction: 1, message: reason });
    });
  };

/** Every activity, bound to what it works with. */
export const createActivities = (deps: ActivityDeps) =>
  ({
    takeSnapshot: takeSnapshot(deps),
    extractFeatures: extractFeatures(deps),
    fitHead: fitHead(deps),
    completeIteration: completeIteration(deps),
    failIteration: failIteration(deps),
  }) satisfies TrainingActivities;
