import { backboneGraph } from '../backbones/backbone-graph.ts';
import { backbones } from '../backbones/registry.ts';
import { foldScales, splitScales } from '../fine-tuning/channel-scales.ts';
import { isTensorFile } from '../tensor-file.ts';
import { readCheckpoint, writeCheckpoint } from '../trainer/checkpoint.ts';
import type { Network, Weights } from '../trainer/network.ts';
import { runSchedule, startingPace, type Pace, type TrainingStep } from '../trainer/pacing.ts';
import { cosine } from '../trainer/schedule.ts';
import { TwoPassTrainer } from '../trainer/two-pass-trainer.ts';
import { ViewPool } from '../view-pool.ts';
import { Batches, type Pick } from './batches.ts';
import type { DetectorParameters } from './detector.ts';
import { expansionWeights } from './expansion.ts';
import { foldWeights, headNetwork, isTrained } from './head-network.ts';
import { headsLoss } from './heads-loss.ts';
import { initialWeights } from './initial-weights.ts';
import { fitNormalisation, mapInputs } from './normalisation.ts';
import type { DetectorRecipe, Tuning } from './recipe.ts';
import { shapeOf } from './shape.ts';
import { looksOf } from './looks.ts';
import { readViewPack, type View, type ViewPack } from './view-pack.ts';

export interface DetectorTraining {
  /** The view pack of one picture. Packs that were used lately stay in memory. */
  loadViews: (picture: number) => Promise<Uint8Array>;
  /** Indexes of the pictures that are trained on. */
  members: readonly number[];
  tagCount: number;
  recipe: DetectorRecipe;
  seed: number;
  /** Threads that one step uses. */
  threads: number;
  /** What this training may still take, from now on; the schedule is run through faster to fit. */
  budgetMs: number;
  /** To go on from; made by a training with the same recipe, members and seed. */
  checkpoint?: Buffer;
  /** Awaited before the next step. */
  onCheckpoint?: (state: Buffer) => Promise<void>;
  onStep?: (progress: TrainingStep) => void;
  signal?: AbortSignal;
}

/** Memory for views; with the maps of a step at the largest input, a training stays below 4 GiB. */
const poolBytes = 0.75 * 2 ** 30;
/** So many pictures say enough about the channels. */
const normalisingPictures = 24;
const optimiser = { beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clipNorm: 10 };

/** Share of the time for both stages that the heads may take; the rest is for tuning. */
const shareOfHeads = 0.6;
/** A step with the backbone takes three times as long as one of three heads on cached maps, and five times as one of one. */
const tuningStepCost = 4;
/** Fewer only disturb what the heads have learned. */
const fewestTuningSteps = 100;

type StageName = 'HEADS' | 'TUNING';

/** One network that learns, with its schedule. */
interface Stage {
  name: StageName;
  network: Network;
  /** Initial weights for the parameters that no earlier stage has trained. */
  start: Weights;
  steps: number;
  /** Steps of the later stages, as planned. */
  stepsAfter: number;
  fewestSteps: number;
  batchSize: number;
  learningRate: number;
  /** Share of the schedule that sees varied pictures; the rest sees them as they are. */
  variedShare: number;
  /** Counted over all attempts, with the stages before it. */
  budgetMs: number;
}

/** Where a stage is to go on from. */
interface Progress {
  pace: Pace;
  /** Steps of the stages before it. */
  stepsBefore: number;
  /** State of its trainer; none at its start. */
  trainer?: Buffer;
}

/**
 * Trains the heads of a detector on cached views and then, if the recipe says so, the backbone with them. The same arguments
 * give the same weights, with or without a break, as long as the budget lets the whole schedule pass.
 * @throws what `signal` was aborted with
 */
export async function trainDetector(training: DetectorTraining): Promise<DetectorParameters> {
  const { recipe, members, tagCount } = training;
  if (members.length === 0) throw new RangeError('There is no image to train on.');
  const pool = new ViewPool(training.loadViews, readViewPack, poolBytes);
  const folded = foldScales(foldWeights(await learnStages(training, pool), recipe.heads));
  return { ...shapeOf(recipe), tagCount, weights: new Map([...folded].filter(([name]) => isTrained(name))) };
}

async function learnStages(asked: DetectorTraining, pool: ViewPool<ViewPack>): Promise<Weights> {
  const { recipe, checkpoint } = asked;
  const resumed = checkpoint && readProgress(checkpoint);
  const training = { ...asked, budgetMs: asked.budgetMs + (resumed?.pace.spentMs ?? 0) };
  const first = await firstWeights(training, pool);
  const tune = async (tuning: Tuning, weights: Weights, from: Progress): Promise<Weights> =>
    (await learnStage(training, pool, await tuningStage(training, tuning), weights, from)).weights;
  if (recipe.tuning && resumed?.stage === 'TUNING') return tune(recipe.tuning, first, resumed);
  const begun = resumed ?? { pace: startingPace(recipe.steps), stepsBefore: 0 };
  const heads = await learnStage(training, pool, headsStage(training), first, begun);
  if (!recipe.tuning || !isTuningDue(recipe.tuning, training, heads.pace)) return heads.weights;
  const { step, spentMs } = heads.pace;
  const pace = { ...startingPace(recipe.tuning.steps), step, spentMs };
  return tune(recipe.tuning, heads.weights, { pace, stepsBefore: step });
}

/** One that an early version made says nothing of its pace: then the training begins anew. */
function readProgress(checkpoint: Buffer): (Progress & { stage: StageName }) | undefined {
  if (isTensorFile(checkpoint)) return undefined;
  const { pace, trainer } = readCheckpoint<Pace & { stage?: StageName; stepsBefore?: number }>(checkpoint);
  return { pace, trainer, stage: pace.stage ?? 'HEADS', stepsBefore: pace.stepsBefore ?? 0 };
}

function headsStage({ recipe, tagCount, budgetMs }: DetectorTraining): Stage {
  const { steps, fewestSteps, batchSize, learningRate, tuning } = recipe;
  return {
    name: 'HEADS',
    network: headNetwork({ ...recipe, tagCount }, { isFolded: false }),
    start: new Map(),
    steps,
    stepsAfter: tuning?.steps ?? 0,
    fewestSteps,
    batchSize,
    learningRate,
    variedShare: 1,
    budgetMs: tuning ? shareOfHeads * budgetMs : budgetMs,
  };
}

async function tuningStage({ recipe, tagCount, budgetMs }: DetectorTraining, tuning: Tuning): Promise<Stage> {
  const graph = await backboneGraph(backbones[recipe.backbone]);
  return {
    name: 'TUNING',
    network: headNetwork({ ...recipe, tagCount }, { isFolded: false, graph }),
    start: splitScales(graph.weights, graph.filterSizes),
    stepsAfter: 0,
    budgetMs,
    variedShare: 1,
    ...tuning,
  };
}

function isTuningDue(tuning: Tuning, { budgetMs }: DetectorTraining, { step, spentMs }: Pace): boolean {
  const wanted = Math.min(fewestTuningSteps, tuning.steps);
  return tuning.fewestSteps > 0 || budgetMs - spentMs >= (wanted * tuningStepCost * spentMs) / step;
}

/** The frozen expansions, the normalisation, and heads that know nothing. */
async function firstWeights(training: DetectorTraining, pool: ViewPool<ViewPack>): Promise<Weights> {
  const { recipe, members, tagCount, seed, threads } = training;
  const expansion = await expansionWeights(recipe.backbone);
  const plain = plainViews(pool, members.slice(0, normalisingPictures));
  const normalisation = await fitNormalisation(plain, recipe.inputSize, expansion, threads);
  const heads = initialWeights(headNetwork({ ...recipe, tagCount }, { isFolded: false }), seed);
  return new Map([...expansion, ...normalisation, ...heads]);
}

async function* plainViews(pool: ViewPool<ViewPack>, pictures: readonly number[]): AsyncIterable<View['maps']> {
  for (const picture of pictures) yield ((await pool.get(picture)).views[0] as View).maps;
}

async function learnStage(
  training: DetectorTraining,
  pool: ViewPool<ViewPack>,
  stage: Stage,
  before: Weights,
  from: Progress,
): Promise<{ weights: Weights; pace: Pace }> {
  const { recipe, members, seed, threads, onCheckpoint } = training;
  const { name, network, start, batchSize } = stage;
  const weights = new Map([...before, ...start]);
  const average = recipe.averageDecay;
  const options = { network, weights, trained: isTrained, optimiser, average, batchSize, threads };
  const trainer = await TwoPassTrainer.open(options);
  try {
    if (from.trainer) await trainer.restore(from.trainer);
    const batches = new Batches(members, batchSize, seed);
    const pace = await runSchedule(from.pace, {
      budgetMs: stage.budgetMs,
      fewestSteps: from.stepsBefore + stage.fewestSteps,
      roundSteps: recipe.checkpointSteps,
      doStep: async (now) => {
        const most = now.position < stage.variedShare ? Infinity : looksOf(recipe).length;
        const views = await viewsOf(pool, batches.at(now.step), most);
        await trainStep(training, stage, trainer, views, now);
      },
      endRound: async (now) =>
        onCheckpoint?.(writeCheckpoint({ ...now, stage: name, stepsBefore: from.stepsBefore }, await trainer.state())),
    });
    return { weights: await trainer.averaged(), pace };
  } finally {
    await trainer.release();
  }
}

/** @param most of a picture's views, from the first on; the first are the plain ones */
async function viewsOf(pool: ViewPool<ViewPack>, picks: Pick[], most: number): Promise<View[]> {
  const views: View[] = [];
  for (const { picture, view } of picks) {
    const own = (await pool.get(picture)).views;
    views.push(own[Math.floor(view * Math.min(own.length, most))] as View);
  }
  return views;
}

async function trainStep(
  { recipe, tagCount, onStep, signal }: DetectorTraining,
  stage: Stage,
  trainer: TwoPassTrainer,
  views: View[],
  pace: Pace,
): Promise<void> {
  signal?.throwIfAborted();
  const seen = views.map(({ maps }) => (stage.name === 'TUNING' ? maps.slice(0, 1) : maps));
  const outputs = await trainer.forward(mapInputs(seen));
  const objects = views.map(({ boxes }) => boxes);
  const { loss, gradients } = headsLoss(outputs, objects, { ...recipe, tagCount });
  const step = pace.step + 1;
  if (!Number.isFinite(loss)) throw new Error(`The training diverged: the loss of step ${step} is ${loss}.`);
  const learningRate = rateAt(pace, stage);
  await trainer.backward(gradients, learningRate);
  onStep?.({ step, steps: pace.step + pace.stepsLeft + stage.stepsAfter, loss, learningRate });
}

/** The schedule is told by position, since it may be run through faster from some step on. */
function rateAt({ position }: Pace, { steps, learningRate: peak }: Stage): number {
  return cosine(position * steps, steps, { peak, warmUpSteps: Math.min(50, steps / 10), endShare: 0.02 });
}
