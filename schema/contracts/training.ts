import type { ActivityContext, ActivityPolicy } from './activity.ts';

export interface TrainIterationInput {
  iterationId: string;
}

export interface SnapshotImage {
  id: string;
  projectId: string;
  sha256: string;
  perceptualHash: string;
  isTest: boolean;
  /** Into the tags of the snapshot; each once, in order. */
  tagIndexes: number[];
}

/** Where a tag is, in fractions of the upright image. */
export interface SnapshotRegion {
  tagIndex: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface DetectionSnapshotImage extends SnapshotImage {
  /** In the order in which they were drawn; none: a background image, which shows none of the tags. */
  regions: SnapshotRegion[];
}

interface SnapshotOf<Kind, Image> {
  kind: Kind;
  tags: { id: string; name: string; type: 'REGULAR' | 'NEGATIVE' }[];
  /** Sorted by id. */
  images: Image[];
}

export type ClassificationSnapshot = SnapshotOf<'MULTICLASS' | 'MULTILABEL', SnapshotImage>;
/** Images with regions, and those that the user tagged Negative; what has neither may just not be labelled yet. */
export type DetectionSnapshot = SnapshotOf<'DETECTION', DetectionSnapshotImage>;
/** Which images and tags take part; written once, so every later step sees the same. */
export type Snapshot = ClassificationSnapshot | DetectionSnapshot;

/**
 * How the model comes about: a head on frozen features, a detector on frozen maps, or a classifier whose backbone learns as
 * well, if that is better than the head.
 */
export type TrainingPlanName = 'HEAD' | 'DETECTOR' | 'FINE_TUNE';

export interface SnapshotResult {
  shardCount: number;
  /** Earlier versions knew `HEAD` only and did not say so. */
  plan?: TrainingPlanName;
  /** Trainings by gradient descent, 0 for `HEAD`: those that are judged on images held out of them, last the model itself. */
  partCount?: number;
}

export interface ShardInput extends TrainIterationInput {
  shard: number;
}

export interface ShardResult {
  /** Images that could not be decoded; which and why is stored as an object. */
  leftOutCount: number;
  /** When its worker was at it; earlier versions did not say. */
  worked?: TimeSpan;
}

/** Milliseconds since 1970, by the clock of one worker. */
export interface TimeSpan {
  fromMs: number;
  untilMs: number;
}

export interface FitInput extends TrainIterationInput {
  /** Shards that left images out. */
  incompleteShards: number[];
}

/** A fitted model, and what to know before trusting it. */
export interface HeadResult {
  modelSha256: string;
  warnings: string[];
}

export interface TrainPartInput extends FitInput {
  part: number;
  /** How long any worker was at the extraction, which counts towards the budget; earlier versions did not say. */
  extractionMs?: number;
}

export interface KeepBetterInput extends FitInput {
  quick: HeadResult;
}

/** How far one training by gradient descent was after a step. */
export interface TrainingCurvePoint {
  /** From 0; the last is the model itself. */
  part: number;
  /** From 1. */
  step: number;
  /** Steps of the whole part, as planned at that step. */
  steps: number;
  loss: number;
  learningRate: number;
  /** What images held out of the part say of it at its end: accuracy, or mean average precision at an overlap of .5. */
  heldOut: number | null;
}

export interface CompleteInput extends TrainIterationInput, HeadResult {}

export interface FailInput extends TrainIterationInput {
  reason: string;
  isCancelled: boolean;
}

/** The steps of a training. Payloads are ids and small facts; bytes go through the storage. */
export interface TrainingActivities {
  takeSnapshot(input: TrainIterationInput, context: ActivityContext): Promise<SnapshotResult>;
  extractFeatures(input: ShardInput, context: ActivityContext): Promise<ShardResult>;
  fitHead(input: FitInput, context: ActivityContext): Promise<HeadResult>;
  trainPart(input: TrainPartInput, context: ActivityContext): Promise<void>;
  assembleDetector(input: FitInput, context: ActivityContext): Promise<HeadResult>;
  keepBetter(input: KeepBetterInput, context: ActivityContext): Promise<HeadResult>;
  completeIteration(input: CompleteInput, context: ActivityContext): Promise<void>;
  failIteration(input: FailInput, context: ActivityContext): Promise<void>;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export const trainingPolicies: Record<keyof TrainingActivities, ActivityPolicy> = {
  takeSnapshot: { queue: 'workflows', timeoutMs: 5 * minuteMs, heartbeatMs: 0, attempts: 5 },
  // Shards of a large project take turns, so each may last as long as all together; silence shows a lost worker.
  extractFeatures: { queue: 'compute', timeoutMs: dayMs, heartbeatMs: minuteMs, attempts: 5 },
  // A small training must not wait with its features ready until all others have theirs.
  fitHead: { queue: 'compute', timeoutMs: 60 * minuteMs, heartbeatMs: minuteMs, attempts: 3, goesFirst: true },
  // Parts in one process take turns.
  trainPart: { queue: 'compute', timeoutMs: dayMs, heartbeatMs: minuteMs, attempts: 5, goesFirst: true },
  assembleDetector: { queue: 'compute', timeoutMs: 60 * minuteMs, heartbeatMs: minuteMs, attempts: 3, goesFirst: true },
  keepBetter: { queue: 'compute', timeoutMs: 60 * minuteMs, heartbeatMs: minuteMs, attempts: 3, goesFirst: true },
  // Clearing away the views of many images takes a while in a remote storage.
  completeIteration: { queue: 'workflows', timeoutMs: 10 * minuteMs, heartbeatMs: 0, attempts: 10 },
  failIteration: {
    queue: 'workflows',
    timeoutMs: 10 * minuteMs,
    heartbeatMs: 0,
    attempts: 10,
    runsWhenCancelled: true,
  },
};
