import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ClassificationSnapshot, HeadResult, KeepBetterInput } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { TrainingMode, TrainingPhase } from '../../schema/enums.ts';
import { backbones } from '../ml/backbones/registry.ts';
import { readEvaluation, writeEvaluation, type ClassificationEvaluation } from '../ml/evaluation-file.ts';
import { featureVersion } from '../ml/features.ts';
import { sha256, writeModelPackage } from '../ml/model-package.ts';
import { compareModels, type ComparedModels } from './compare-models.ts';
import type { ActivityDeps } from './deps.ts';
import { readJudgedLogits, tunedWeights } from './fine-tuning-part.ts';
import { readWeights } from './learned-part.ts';
import type { OpenTrainings } from './open-trainings.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { WrongPlanError, type FineTunePlan } from './training-plan.ts';
import { heldOutWarnings, quickKeptWarning } from './warnings.ts';

/** Keeps the tuned classifier unless the quick one did better on images that neither had seen. */
export const keepBetter =
  (deps: ActivityDeps, trainings: OpenTrainings) =>
  async ({ iterationId, quick }: KeepBetterInput, context: ActivityContext): Promise<HeadResult> => {
    const { snapshot: load, plan: loadPlan, tracker } = trainings.of(iterationId);
    const [snapshot, plan] = [await load(), await loadPlan()];
    if (snapshot.kind === 'DETECTION' || plan.name !== 'FINE_TUNE')
      throw new WrongPlanError(`The plan ${plan.name} for ${snapshot.kind} has nothing to compare.`);
    tracker.report(TrainingPhase.EVALUATION, 0, 'Comparing with the quick classifier');
    try {
      return await withHeartbeat(
        context,
        () => ({}),
        () => decide(deps, { iterationId, snapshot, plan, quick }),
      );
    } finally {
      await tracker.flush();
    }
  };

interface Decision {
  iterationId: string;
  snapshot: ClassificationSnapshot;
  plan: FineTunePlan;
  quick: HeadResult;
}

async function decide(deps: ActivityDeps, decision: Decision): Promise<HeadResult> {
  const { iterationId, snapshot, quick } = decision;
  const evaluation = await readQuickEvaluation(deps, iterationId);
  const compared = compareModels(evaluation, snapshot, await readJudged(deps, decision));
  const { comparison } = compared;
  const isTuned = comparison.kept === TrainingMode.ADVANCED;
  const modelSha256 = isTuned ? await storeTuned(deps, decision, compared) : await storeQuick(deps, decision);
  await deps.database.transact((manager) => manager.update(Iteration, { id: iterationId }, { comparison }));
  const judged = new Set(evaluation.imageIds);
  const images = snapshot.images.filter(({ id }) => judged.has(id));
  const added = isTuned ? heldOutWarnings(images, comparison.imageCount) : [quickKeptWarning(comparison.imageCount)];
  return { modelSha256, warnings: [...quick.warnings, ...added] };
}

async function readQuickEvaluation({ storage }: ActivityDeps, iterationId: string): Promise<ClassificationEvaluation> {
  const evaluation = readEvaluation(await storage.get(keys.quickEvaluation(iterationId)));
  if (evaluation.kind === 'DETECTION') throw new WrongPlanError('The quick model is not a classifier.');
  return evaluation;
}

async function readJudged(
  { storage }: ActivityDeps,
  { iterationId, plan }: Decision,
): Promise<Map<number, Float64Array>> {
  const logits = new Map<number, Float64Array>();
  for (const part of plan.parts.keys())
    for (const [index, own] of readJudgedLogits(await storage.get(keys.judged(iterationId, part))))
      logits.set(index, own);
  return logits;
}

async function storeTuned(
  { storage }: ActivityDeps,
  { iterationId, snapshot: { kind, tags }, plan }: Decision,
  { evaluation, temperature }: ComparedModels,
): Promise<string> {
  const { backbone } = plan.recipe;
  const learned = await storage.get(keys.learned(iterationId, plan.parts.length - 1));
  const facts = { kind, backbone, featureVersion, inputSize: backbones[backbone].inputSize, tags };
  const thresholds = tags.map(() => 0.5);
  const model = writeModelPackage({ ...facts, ...tunedWeights(readWeights(learned)), temperature, thresholds });
  await storage.put(keys.evaluation(iterationId), writeEvaluation(evaluation));
  await storage.put(keys.model(iterationId), model);
  return sha256(model);
}

async function storeQuick({ storage }: ActivityDeps, { iterationId, quick }: Decision): Promise<string> {
  await storage.put(keys.evaluation(iterationId), await storage.get(keys.quickEvaluation(iterationId)));
  await storage.put(keys.model(iterationId), await storage.get(keys.quickModel(iterationId)));
  return quick.modelSha256;
}
