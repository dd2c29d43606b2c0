/** One question to a model. Bytes cross a thread boundary here, no network. */
export interface PredictionTask {
  iterationId: string;
  /** The picture as it was sent. */
  bytes: Uint8Array;
  /** Whether to draw heat maps. */
  explain: boolean;
}

export interface TagProbability {
  tagId: string;
  /** As the model knew it when it was trained. */
  tagName: string;
  /** 0 to 1, calibrated. */
  probability: number;
  heatmapPng: Uint8Array | null;
}

/** Errors lose their class between threads, so what the caller has to tell apart is a value. Results: highest first. */
export type PredictionOutcome =
  | { status: 'ANSWERED'; results: TagProbability[]; durationMs: number }
  | { status: 'REFUSED'; code: string; message: string; details: Record<string, unknown> }
  | { status: 'NO_MODEL' };

/** Whoever computes predictions: threads of this process, or other processes one day. */
export interface PredictionPort {
  predict(task: PredictionTask): Promise<PredictionOutcome>;
}
