import { keys } from '../../infra/storage/keys.ts';
import type { WorkerActivities } from '../../schema/contracts/policies.ts';
import type { CompleteInput, FailInput } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, TrainingPhase } from '../../schema/enums.ts';
import { assembleDetector } from './assemble-detector.ts';
import type { ActivityDeps } from './deps.ts';
import { completeExport, failExport } from './end-export.ts';
import { completeImport, failImport } from './end-import.ts';
import { extractFeatures } from './extract-features.ts';
import { fitHead } from './fit-head.ts';
import { importImages } from './import-images.ts';
import { importIteration } from './import-iteration.ts';
import { Lanes } from '../../infra/lanes.ts';
import { keepBetter } from './keep-better.ts';
import { OpenTrainings } from './open-trainings.ts';
import { lockRunning, reportProgress } from './progress.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { trainPart } from './train-part.ts';
import { writeExport } from './write-export.ts';

const phase = TrainingPhase.DONE;

const completeIteration =
  ({ database, storage }: ActivityDeps) =>
  async ({ iterationId, warnings, modelSha256 }: CompleteInput): Promise<void> => {
    // First: an attempt that fails here has told nobody of the end.
    await storage.deletePrefix(keys.trainingWork(iterationId));
    await database.transact(async (manager) => {
      // An earlier attempt may have told, too.
      if (!(await lockRunning(manager, iterationId))) return;
      await manager.update(Iteration, { id: iterationId }, { warnings, modelSha256, trainedAt: new Date() });
      const progress = { status: IterationStatus.COMPLETED, phase, fraction: 1, message: 'The model is ready.' };
      await reportProgress(manager, iterationId, progress);
      await manager.delete(ShardProgress, { iterationId });
    });
  };

/** Says on the row how the training ended and removes what it had written. A model that was told of meanwhile stays. */
const failIteration =
  ({ database, storage }: ActivityDeps) =>
  async ({ iterationId, reason, isCancelled }: FailInput): Promise<void> => {
    await database.transact(async (manager) => {
      if (!(await lockRunning(manager, iterationId))) return;
      const status = isCancelled ? IterationStatus.CANCELLED : IterationStatus.FAILED;
      await manager.update(Iteration, { id: iterationId }, { error: isCancelled ? null : reason });
      await reportProgress(manager, iterationId, { status, phase, fraction: 1, message: reason });
      await manager.delete(ShardProgress, { iterationId });
    });
    const status = IterationStatus.COMPLETED;
    const isComplete = await database.read.manager.existsBy(Iteration, { id: iterationId, status });
    if (!isComplete) await storage.deletePrefix(keys.iteration(iterationId));
  };

/** Every activity, bound to what it works with. */
export const createActivities = (deps: ActivityDeps) => {
  const lanes = new Lanes(deps.threads);
  const turns = new Lanes(1);
  const trainings = new OpenTrainings(deps);
  return {
    takeSnapshot: takeSnapshot(deps),
    extractFeatures: extractFeatures(deps, lanes, trainings),
    fitHead: fitHead(deps, trainings),
    trainPart: trainPart(deps, turns, trainings),
    assembleDetector: assembleDetector(deps, trainings),
    keepBetter: keepBetter(deps, trainings),
    completeIteration: (input) => completeIteration(deps)(input).finally(() => trainings.forget(input.iterationId)),
    failIteration: (input) => failIteration(deps)(input).finally(() => trainings.forget(input.iterationId)),
    writeExport: writeExport(deps),
    completeExport: completeExport(deps),
    failExport: failExport(deps),
    importImages: importImages(deps),
    importIteration: importIteration(deps),
    completeImport: completeImport(deps),
    failImport: failImport(deps),
  } satisfies WorkerActivities;
};
