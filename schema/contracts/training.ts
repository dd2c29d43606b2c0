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

export interface ShardInput extends TrainIterationInput {
  shard: number;
}

export interface ShardResult {
  /** Images that could not be decoded; which and why is stored as an object. */
  leftOutCount: number;
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

export interface CompleteInput extends TrainIterationInput, HeadResult {}

export interface FailInput extends TrainIterationInput {
  reason: string;
  isCancelled: boolean;
}

/** The steps of a training. Payloads are ids and small facts; bytes go through the storage. */
export interface TrainingActivities {
  takeSnapshot(input: TrainIterationInput, context: ActivityContext): Promise<{ shardCount: number }>;
  extractFeatures(input: ShardInput, context: ActivityContext): Promise<ShardResult>;
  fitHead(input: FitInput, context: ActivityContext): Promise<HeadResult>;
  completeIteration(input: CompleteInput, context: ActivityContext): Promise<void>;
  failIteration(input: FailInput, context: ActivityContext): Promise<void>;
}

const minuteMs = 60_000;

export const trainingPolicies: Record<keyof TrainingActivities, ActivityPolicy> = {
  takeSnapshot: { queue: 'workflows', timeoutMs: 5 * minuteMs, heartbeatMs: 0, attempts: 5 },
  // Shards of a large project take turns, so each may last as long as all together; silence shows a lost worker.
  extractFeatures: { queue: 'compute', timeoutMs: 24 * 60 * minuteMs, heartbeatMs: minuteMs, attempts: 5 },
  // A small training must not wait with its features ready until all others have theirs.
  fitHead: { queue: 'compute', timeoutMs: 60 * minuteMs, heartbeatMs: minuteMs, attempts: 3, goesFirst: true },
  completeIteration: { queue: 'workflows', timeoutMs: minuteMs, heartbeatMs: 0, attempts: 10 },
  failIteration: { queue: 'workflows', timeoutMs: minuteMs, heartbeatMs: 0, attempts: 10, runsWhenCancelled: true },
};
