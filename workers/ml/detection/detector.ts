import type { DetectedBox } from './boxes.ts';
import type { View } from './view-pack.ts';

/** What was learned, with the frozen part that it stands on; enough to build the inference graph. */
export interface DetectorParameters {
  inputSize: number;
  headWidth: number;
  tagCount: number;
  weights: Map<string, Float32Array>;
}

/** An opened detector head. */
export interface Detector {
  /** Every box with a raw score above .02, after suppression of overlaps; most probable first; not calibrated. */
  detect(maps: View['maps']): Promise<DetectedBox[]>;
  release(): Promise<void>;
}

export declare function openDetector(parameters: DetectorParameters, options: { threads: number }): Promise<Detector>;
