import { backbones } from '../backbones/registry.ts';
import { featureLength, plainViewCount } from '../features.ts';
import type { ClassificationType } from '../classification/head-loss.ts';
import { readCheckpoint, writeCheckpoint } from '../trainer/checkpoint.ts';
import { sigmoidCrossEntropy, softmaxCrossEntropy } from '../trainer/losses.ts';
import type { Weights } from '../trainer/network.ts';
import { runSchedule, startingPace, type Pace, type TrainingStep } from '../trainer/pacing.ts';
import { oneCycle } from '../trainer/schedule.ts';
import { OnePassTrainer } from '../trainer/one-pass-trainer.ts';
import { ViewPool } from '../view-pool.ts';
import { backboneGraph, type BackboneGraph } from '../backbones/backbone-graph.ts';
import { Batches, type TrainingPictures } from './batches.ts';
import { foldScales, splitScales } from './channel-scales.ts';
import { plainMaps, readMapPack } from './map-pack.ts';
import { poolBytes, type FineTuneRecipe } from './recipe.ts';
import { fitStartingHead } from './starting-head.ts';
import { trainingNetwork } from './tail-network.ts';
import { openTail } from './tail.ts';

export interface FineTuneInput extends TrainingPictures {
  kind: ClassificationType;
  recipe: FineTuneRecipe;
  seed: number;
  /** Threads that one step uses. */
  threads: number;
  /** What this training may still take, from now on; the schedule is run through faster to fit. */
  budgetMs: number;
  /** Where an earlier attempt was, which is gone on from as if nothing had happened; of the same pictures, recipe and seed. */
  checkpoint?: Uint8Array;
  /** Awaited before the next step. */
  onCheckpoint?: (state: Buffer) => Promise<void>;
  onStep?: (progress: TrainingStep) => void;
  signal?: AbortSignal;
}

/** What fine-tuning makes: the tail of a backbone, and a head on its pooled feature, as a quick one. */
export interface TunedWeights {
  /** Convolutions from stride 8 on, by the names of the backbone's file. */
  tail: Weights;
  /** [tagCount * 1280]. */
  weights: Float32Array;
  /** [tagCount]. */
  bias: Float32Array;
}

/**
 * Trains the tail of the recipe's backbone and a head on it, from a quick head fitted to the backbone as it is. The same
 * pictures, recipe and seed give the same bytes, interrupted or not, as long as the budget lets the whole schedule pass.
 */
export async function fineTune(input: FineTuneInput): Promise<TunedWeights> {
  const graph = await backboneGraph(backbones[input.recipe.backbone]);
  const resumed = input.checkpoint ? readCheckpoint(input.checkpoint) : undefined;
  const trained = { ...input, members: trainable(input) };
  const pool = new ViewPool(input.loadViews, readMapPack, poolBytes);
  const start = await startingWeights(trained, graph, pool);
  const { weightDecay, clipNorm, batchSize } = input.recipe;
  const trainer = await OnePassTrainer.open({
    network: trainingNetwork(graph, input.tagCount),
    weights: start,
    trained: (name) => !name.endsWith('.scale'),
    losses: { logits: input.kind === 'MULTICLASS' ? softmaxCrossEntropy : sigmoidCrossEntropy },
    optimiser: { beta1: 0.9, beta2: 0.99, weightDecay, clipNorm },
    batchSize,
    threads: input.threads,
  });
  try {
    if (resumed) await trainer.restore(resumed.trainer);
    const batches = new Batches(trained, pool, input.recipe, input.seed, featureLength);
    const pace = resumed?.pace ?? startingPace(plannedSteps(input.recipe, trained.members.length));
    const budgetMs = input.budgetMs + pace.spentMs;
    await new FineTuning({ ...trained, budgetMs }, trainer, batches).run(pace);
    return tunedWeights(between(start, await trainer.weights(), input.recipe.learnedShare));
  } finally {
    await trainer.release();
  }
}

/** A picture without a tag says nothing when there must be one. */
function trainable({ kind, members, targets }: FineTuneInput): number[] {
  const usable = members.filter((picture) => kind === 'MULTILABEL' || targets[picture]?.length);
  if (usable.length === 0) throw new RangeError('There is no image with a tag to fine-tune on.');
  return usable;
}

/** Steps of a whole schedule. */
function plannedSteps({ epochs, batchSize, minSteps }: FineTuneRecipe, memberCount: number): number {
  return Math.max(minSteps, Math.round((epochs * memberCount) / batchSize));
}

/** The backbone as it is, and a head fitted to what it makes of the plain views. */
async function startingWeights(
  input: FineTuneInput,
  { spec, weights, filterSizes }: BackboneGraph,
  pool: ViewPool<Uint16Array[]>,
): Promise<Weights> {
  const tail = await openTail(spec, weights, { threads: input.threads });
  try {
    const features: Float32Array[] = [];
    for (const picture of input.members) {
      input.signal?.throwIfAborted();
      features.push(await tail.pooled(plainMaps(await pool.get(picture)), plainViewCount));
    }
    const targets = input.members.map((picture) => input.targets[picture] ?? []);
    const head = await fitStartingHead(features, targets, input);
    return new Map([
      ...splitScales(weights, filterSizes),
      ['classifier.weight', head.weights],
      ['classifier.bias', head.bias],
    ]);
  } finally {
    await tail.release();
  }
}

/**
 * Weights on the straight way from where a training started to where it ended. A point of it does better on new pictures than
 * the end, in particular on those that the start had right (arXiv:2109.01903).
 */
function between(start: Weights, end: Weights, share: number): Weights {
  const part = (from: Float32Array, name: string): Float32Array => {
    const to = end.get(name) ?? from;
    return from.map((value, i) => value + share * ((to[i] as number) - value));
  };
  return new Map([...start].map(([name, from]) => [name, part(from, name)]));
}

function tunedWeights(trained: Weights): TunedWeights {
  const { 'classifier.weight': weights, 'classifier.bias': bias, ...rest } = Object.fromEntries(trained);
  if (!weights || !bias) throw new Error('The trained network has no head.');
  return { tail: foldScales(new Map(Object.entries(rest))), weights, bias };
}

/** The loop over the steps of a schedule. */
class FineTuning {
  constructor(
    private readonly input: FineTuneInput,
    private readonly trainer: OnePassTrainer,
    private readonly batches: Batches,
  ) {}

  run(from: Pace): Promise<Pace> {
    return runSchedule(from, {
      roundSteps: checkpointSteps(this.input),
      budgetMs: this.input.budgetMs,
      fewestSteps: 1,
      doStep: (pace) => this.step(pace),
      endRound: async (pace) => this.input.onCheckpoint?.(writeCheckpoint(pace, await this.trainer.state())),
    });
  }

  private async step(pace: Pace): Promise<void> {
    this.input.signal?.throwIfAborted();
    const { map, targets, kept } = await this.batches.at(pace.step);
    const learningRate = rateAt(pace, this.input.recipe);
    const { loss } = await this.trainer.step({ map, kept }, { logits: this.smooth(targets) }, learningRate);
    const step = pace.step + 1;
    if (!Number.isFinite(loss)) throw new Error(`Fine-tuning diverged: the loss of step ${step} is ${loss}.`);
    this.input.onStep?.({ step, steps: pace.step + pace.stepsLeft, loss, learningRate });
  }

  /** Takes a little from what is certain: from one tag among all, or from each tag's yes or no. */
  private smooth(targets: Float32Array): Float32Array {
    const { kind, tagCount, recipe } = this.input;
    const outcomes = kind === 'MULTICLASS' ? tagCount : 2;
    return targets.map((share) => share * (1 - recipe.labelSmoothing) + recipe.labelSmoothing / outcomes);
  }
}

/** An epoch, within limits: a checkpoint takes a while to write, and a killed worker repeats what came after the last. */
function checkpointSteps({ members, recipe }: FineTuneInput): number {
  return Math.min(60, Math.max(8, Math.ceil(members.length / recipe.batchSize)));
}

/**
 * The schedule is told by position, since it may be run through faster from some step on. Few steps bear no high rate: what
 * it breaks takes many to mend. In 24 steps on rendered signs, the log-loss was .66 with 1e-3 and .04 with 3e-4.
 */
function rateAt({ position, step, stepsLeft }: Pace, { learningRate, fullRateSteps, warmUp }: FineTuneRecipe): number {
  const fine = 10_000;
  const peak = learningRate * Math.min(1, Math.sqrt((step + stepsLeft) / fullRateSteps));
  return oneCycle(position * (fine - 1), fine, { peak, warmUpShare: warmUp });
}
