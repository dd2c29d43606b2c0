import type { Lanes } from '../../infra/lanes.ts';
import { keys } from '../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../infra/storage/storage.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { Snapshot, TrainingCurvePoint, TrainPartInput } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { ActivityDeps } from './deps.ts';
import { learnDetector } from './detector-part.ts';
import { tuneClassifier } from './fine-tuning-part.ts';
import { writeWeights, type LearnedPart, type PartRun } from './learned-part.ts';
import { readLeftOut, takingPart } from './left-out.ts';
import type { OpenTraining, OpenTrainings } from './open-trainings.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { refuseTooFew } from './too-few-images.ts';
import { budgetOfPart, WrongPlanError, type Part, type TrainingPlan } from './training-plan.ts';

/**
 * One training by gradient descent, and what it makes of images that were held out of it. An attempt goes on from the last
 * checkpoint that was stored, and comes to the same bytes as one that was never interrupted.
 * @param turns parts in this process, each of which uses all threads and the memory of one
 */
export const trainPart =
  (deps: ActivityDeps, turns: Lanes, trainings: OpenTrainings) =>
  async (input: TrainPartInput, context: ActivityContext): Promise<void> => {
    const { iterationId, part } = input;
    const learnedKey = keys.learned(iterationId, part);
    // An attempt may have ended without anybody hearing of it.
    if (await deps.storage.exists(learnedKey)) return;
    const beat = { part, step: 0, checkpointKey: keys.checkpoint(iterationId, part) };
    const learn = async (): Promise<void> => {
      context.signal.throwIfAborted();
      const { weights, judged } = await learnPart(deps, trainings.of(iterationId), input, {
        signal: context.signal,
        onStep: ({ step }) => context.heartbeat(Object.assign(beat, { step })),
      });
      // Cancelled meanwhile, it may have been cleaned up after by now.
      context.signal.throwIfAborted();
      await deps.storage.put(keys.judged(iterationId, part), judged);
      await deps.storage.put(learnedKey, writeWeights(weights));
    };
    await withHeartbeat(
      context,
      () => ({ ...beat }),
      () => turns.run(learn),
    );
  };

interface Watch {
  signal: AbortSignal;
  onStep: (point: TrainingCurvePoint) => void;
}

async function learnPart(
  deps: ActivityDeps,
  training: OpenTraining,
  { iterationId, part, incompleteShards, extractionMs = 0 }: TrainPartInput,
  { signal, onStep }: Watch,
): Promise<LearnedPart> {
  const { storage, database, threads } = deps;
  const { tracker } = training;
  const [snapshot, plan] = [await training.snapshot(), await training.plan()];
  const { seed, trainingCurve } = await database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
  const leftOut = await readLeftOut(storage, iterationId, incompleteShards);
  refuseTooFew(snapshot, takingPart(snapshot.images, leftOut));
  const placed = snapshot.images.map(({ id }, index) => ({ id, index }));
  const usable = takingPart(placed, leftOut).map(({ index }) => index);
  const { parts, own } = partOf(plan, part);
  const progress = tracker.beginPart(part);
  // An attempt that finds everything learned has no step of its own to tell of.
  let last = trainingCurve?.findLast((point) => point.part === part);
  const checkpointKey = keys.checkpoint(iterationId, part);
  const run: PartRun = {
    ...rolesOf(snapshot, plan, own, usable),
    loadViews: (index) => storage.get(keys.views(iterationId, snapshot.images[index]?.id ?? '')),
    seed,
    threads,
    signal,
    checkpoint: await readIfThere(storage, checkpointKey),
    onCheckpoint: async (state) => void (await storage.put(checkpointKey, state)),
    onStep: (facts) => {
      last = { ...facts, part, heldOut: null };
      tracker.stepDone(progress, last, parts);
      onStep(last);
    },
  };
  const learned = await learn(snapshot, plan, extractionMs, run);
  if (last) await tracker.endPart({ ...last, heldOut: learned.heldOut }, parts);
  return learned;
}

function partOf(plan: TrainingPlan, part: number): { parts: number; own: Part } {
  const own = plan.name === 'HEAD' ? undefined : plan.parts[part];
  if (plan.name === 'HEAD' || !own) throw new WrongPlanError(`The plan ${plan.name} has no part ${part}.`);
  return { parts: plan.parts.length, own };
}

/** Who is trained on, and who judges. */
function rolesOf(
  { images }: Snapshot,
  plan: TrainingPlan,
  { heldOutFold }: Part,
  usable: number[],
): Pick<PartRun, 'members' | 'judged'> {
  const folds = plan.name === 'HEAD' ? [] : plan.folds;
  const isTest = (index: number): boolean => images[index]?.isTest ?? false;
  const members = usable.filter((index) => !isTest(index) && folds[index] !== heldOutFold);
  const judged = usable.filter((index) => (heldOutFold === null ? isTest(index) : folds[index] === heldOutFold));
  return { members, judged };
}

async function readIfThere(storage: Storage, key: string): Promise<Buffer | undefined> {
  try {
    return await storage.get(key);
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

function learn(snapshot: Snapshot, plan: TrainingPlan, extractionMs: number, run: PartRun): Promise<LearnedPart> {
  if (plan.name !== 'HEAD') {
    const budgetMs = budgetOfPart(plan, extractionMs);
    if (plan.name === 'DETECTOR' && snapshot.kind === 'DETECTION') return learnDetector(snapshot, plan, budgetMs, run);
    if (plan.name === 'FINE_TUNE' && snapshot.kind !== 'DETECTION')
      return tuneClassifier(snapshot, plan, budgetMs, run);
  }
  throw new WrongPlanError(`The plan ${plan.name} is not for ${snapshot.kind}.`);
}
