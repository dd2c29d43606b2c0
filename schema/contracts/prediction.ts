/** One question to a model. Bytes cross a thread boundary here, no network. */
export interface PredictionTask {
  iterationId: string;
  /** The picture as it was sent. */
  bytes: Uint8Array;
  /** Whether to draw heat maps; a detector draws none. */
  explain: boolean;
  /** Suppression of overlapping boxes by a detector; null for the defaults of its model. */
  suppression: Suppression | null;
}

/** Which of overlapping boxes are answered, and how many. */
export interface Suppression {
  /** A box that overlaps a more probable one of its tag by more than this is dropped. */
  iouThreshold: number;
  maxBoxes: number;
}

export interface TagProbability {
  tagId: string;
  /** As the model knew it when it was trained. */
  tagName: string;
  /** 0 to 1, calibrated. */
  probability: number;
  /** Where the object is, in fractions of the upright image; null for classifiers. */
  box: { left: number; top: number; width: number; height: number } | null;
  heatmapPng: Uint8Array | null;
}

/** How the memory for models did at one prediction, for the metrics. */
export interface ModelCacheState {
  /** Each thread keeps models of its own. */
  thread: number;
  /** Whether the model was there already. */
  isHit: boolean;
  usedBytes: number;
}

/** Errors lose their class between threads, so what the caller has to tell apart is a value. Results: highest first. */
export type PredictionOutcome =
  | {
      status: 'ANSWERED';
      results: TagProbability[];
      /** 0 to 1: an entropy of the probabilities, sure to as good as a guess. */
      uncertainty: number;
      durationMs: number;
      models: ModelCacheState;
    }
  | { status: 'REFUSED'; code: string; message: string; details: Record<string, unknown> }
  | { status: 'NO_MODEL' }
  /** It is of another version. */
  | { status: 'UNUSABLE_MODEL'; message: string }
  /** The model could not be fetched now. */
  | { status: 'NO_STORAGE' };

/** A box round something that stands out in a picture, in fractions of it. */
export interface RegionProposalFigure {
  left: number;
  top: number;
  width: number;
  height: number;
  /** 0 to 1, no probability. */
  confidence: number;
}

/** Proposals: the most distinct first. */
export type ProposalOutcome =
  { status: 'PROPOSED'; proposals: RegionProposalFigure[] } | Extract<PredictionOutcome, { status: 'REFUSED' }>;

/** Whoever computes predictions: threads of this process, or other processes one day. */
export interface PredictionPort {
  predict(task: PredictionTask): Promise<PredictionOutcome>;
  /** What stands out in a picture, without any model of a project. */
  propose(bytes: Uint8Array): Promise<ProposalOutcome>;
}
