import { isTensorFile } from '../tensor-file.ts';
import { readCheckpoint, writeCheckpoint } from '../trainer/checkpoint.ts';
import type { Weights } from '../trainer/network.ts';
import { runSchedule, startingPace, type Pace, type TrainingStep } from '../trainer/pacing.ts';
import { cosine } from '../trainer/schedule.ts';
import { Trainer } from '../trainer/trainer.ts';
import { ViewPool } from '../view-pool.ts';
import { Batches, type Pick } from './batches.ts';
import type { DetectorParameters } from './detector.ts';
import { expansionWeights } from './expansion.ts';
import { foldWeights, headNetwork, isTrained } from './head-network.ts';
import { headsLoss } from './heads-loss.ts';
import { initialWeights } from './initial-weights.ts';
import { fitNormalisation, mapInputs } from './normalisation.ts';
import type { DetectorRecipe } from './recipe.ts';
import { shapeOf } from './shape.ts';
import { readViewPack, type View, type ViewPack } from './view-pack.ts';

export interface DetectorTraining {
  /** The view pack of one picture. Packs that were used lately stay in memory. */
  loadViews: (picture: number) => Promise<Uint8Array>;
  /** Indexes of the pictures that are trained on. */
  members: readonly number[];
  tagCount: number;
  recipe: DetectorRecipe;
  seed: number;
  /** Of one step. */
  threads: number;
  /** What this training may take, counted over all attempts; the schedule is run through faster to fit. */
  budgetMs: number;
  /** To go on from; made by a training with the same recipe, members and seed. */
  checkpoint?: Buffer;
  /** Awaited before the next step. */
  onCheckpoint?: (state: Buffer) => Promise<void>;
  onStep?: (progress: TrainingStep) => void;
  signal?: AbortSignal;
}

/** Of views in memory; with the maps of a step at the largest input, a training stays below 4 GiB. */
const poolBytes = 2 ** 30;
/** So many pictures say enough about the channels. */
const normalisingPictures = 24;
const optimiser = { beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clipNorm: 10 };

/**
 * Trains the head of a detector on cached views. The same arguments give the same weights, with or without a break, as long as
 * the budget lets the whole schedule pass.
 * @throws what `signal` was aborted with
 */
export async function trainDetector(training: DetectorTraining): Promise<DetectorParameters> {
  const { recipe, members, tagCount, seed, checkpoint } = training;
  if (members.length === 0) throw new RangeError('There is no picture to train on.');
  const pool = new ViewPool(training.loadViews, readViewPack, poolBytes);
  const trainer = await openTrainer(training, pool);
  try {
    // One that an earlier version made says nothing of its pace: then this training begins anew.
    const resumed = checkpoint && !isTensorFile(checkpoint) ? readCheckpoint(checkpoint) : undefined;
    if (resumed) await trainer.restore(resumed.trainer);
    const batches = new Batches(members, recipe.batchSize, seed);
    await runSchedule(resumed?.pace ?? startingPace(recipe.steps), {
      roundSteps: recipe.checkpointSteps,
      budgetMs: training.budgetMs,
      fewestSteps: recipe.fewestSteps,
      doStep: async (pace) => trainStep(training, trainer, await viewsOf(pool, batches.at(pace.step)), pace),
      endRound: async (pace) => training.onCheckpoint?.(writeCheckpoint(pace, await trainer.state())),
    });
    const weights = learned(foldWeights(await trainer.averaged(), recipe.heads));
    return { ...shapeOf(recipe), tagCount, weights };
  } finally {
    await trainer.release();
  }
}

/** Without the frozen part, which comes from the backbone. */
function learned(weights: Weights): Weights {
  return new Map([...weights].filter(([name]) => isTrained(name)));
}

async function openTrainer(training: DetectorTraining, pool: ViewPool<ViewPack>): Promise<Trainer> {
  const { recipe, members, tagCount, seed, threads } = training;
  const network = headNetwork({ ...recipe, tagCount }, { isFolded: false });
  const expansion = await expansionWeights(recipe.backbone);
  const plain = plainViews(pool, members.slice(0, normalisingPictures));
  const normalisation = await fitNormalisation(plain, recipe.inputSize, expansion, threads);
  return Trainer.open({
    network,
    weights: new Map([...expansion, ...normalisation, ...initialWeights(network, seed)]),
    trained: isTrained,
    optimiser,
    average: recipe.averageDecay,
    batchSize: recipe.batchSize,
    threads,
  });
}

async function* plainViews(pool: ViewPool<ViewPack>, pictures: readonly number[]): AsyncIterable<View['maps']> {
  for (const picture of pictures) yield ((await pool.get(picture)).views[0] as View).maps;
}

async function viewsOf(pool: ViewPool<ViewPack>, picks: Pick[]): Promise<View[]> {
  const views: View[] = [];
  for (const { picture, view } of picks) {
    const pack = await pool.get(picture);
    views.push(pack.views[Math.floor(view * pack.views.length)] as View);
  }
  return views;
}

async function trainStep(
  { recipe, tagCount, onStep, signal }: DetectorTraining,
  trainer: Trainer,
  views: View[],
  pace: Pace,
): Promise<void> {
  signal?.throwIfAborted();
  const outputs = await trainer.forward(mapInputs(views.map(({ maps }) => maps)));
  const objects = views.map(({ boxes }) => boxes);
  const { loss, gradients } = headsLoss(outputs, objects, { ...recipe, tagCount });
  const step = pace.step + 1;
  if (!Number.isFinite(loss)) throw new Error(`The training came apart: the loss of step ${step} is ${loss}.`);
  const learningRate = rateAt(pace, recipe);
  await trainer.backward(gradients, learningRate);
  onStep?.({ step, steps: pace.step + pace.stepsLeft, loss, learningRate });
}

/** The schedule is told by position, since it may be run through faster from some step on. */
function rateAt({ position }: Pace, { steps, learningRate: peak }: DetectorRecipe): number {
  return cosine(position * steps, steps, { peak, warmUpSteps: Math.min(50, steps / 10), endShare: 0.02 });
}
