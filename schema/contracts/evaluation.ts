/** A figure with its 95 % interval, all 0 to 1. */
export interface IntervalFigure {
  value: number;
  low: number;
  high: number;
}

export interface EvaluatedTag {
  id: string;
  /** As the model knew it when it was trained. */
  name: string;
}

/** By COCO's rules: at three overlap thresholds, and the mean over .5, .55 … .95. */
export interface AveragePrecisionFigures {
  at30: IntervalFigure;
  at50: IntervalFigure;
  at75: IntervalFigure;
  at50To95: IntervalFigure;
}

export interface TagFigures {
  precision: IntervalFigure;
  recall: IntervalFigure;
  averagePrecision: IntervalFigure;
  imageCount: number;
  /** For detectors only; otherwise null, as is the number of regions. */
  averagePrecisionAt: AveragePrecisionFigures | null;
  regionCount: number | null;
}

export interface PerformanceFigures extends Omit<TagFigures, 'averagePrecisionAt'> {
  threshold: number;
  /** For detectors only; otherwise null, as is the mean average precision. */
  overlapThreshold: number | null;
  meanAveragePrecision: AveragePrecisionFigures | null;
  measuredOn: 'OUT_OF_FOLD' | 'TEST_IMAGES';
  accuracy: number;
  expectedCalibrationError: number;
  logLoss: number;
  perTag: (TagFigures & { tag: EvaluatedTag })[];
}

/** Fractions of the upright image. */
interface BoxFigure {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface ActualBox {
  tag: EvaluatedTag;
  box: BoxFigure;
}

export interface PredictedBox extends ActualBox {
  probability: number;
}

export type MistakeKind = 'MISSED' | 'EXTRA' | 'MISPLACED' | 'CONFUSED';

export interface DetectionMistake {
  kind: MistakeKind;
  actual: ActualBox | null;
  predicted: PredictedBox | null;
}

export interface JudgedImage {
  imageId: string;
  isRight: boolean;
  actualTags: EvaluatedTag[];
  predictedTags: EvaluatedTag[];
  /** Highest first, as many as were asked for. */
  probabilities: { tag: EvaluatedTag; probability: number }[];
  /** Boxes and mistakes are for detectors only; otherwise empty. */
  actualBoxes: ActualBox[];
  predictedBoxes: PredictedBox[];
  mistakes: DetectionMistake[];
}

/** Which images to list; what is null does not restrict. */
export interface JudgedImageFilter {
  isRight: boolean | null;
  actualTagId: string | null;
  predictedTagId: string | null;
  mistake: MistakeKind | null;
  imageIds: string[] | null;
}

/** An image of an evaluation without what the model says of it. */
export interface MeasuredImage {
  imageId: string;
  /** When the model was trained. */
  actualTagIds: string[];
}

/** From which probability, and for boxes from which overlap (IoU), a prediction counts. */
interface Thresholds {
  threshold: number;
  /** Without effect on classifiers. */
  overlapThreshold: number;
}

/** What can be asked of the stored predictions of an iteration, and what is answered; all of it is plain JSON. */
export interface EvaluationQuestions {
  performance: { ask: Thresholds; answer: PerformanceFigures };
  confusionMatrix: { ask: Thresholds; answer: { tags: EvaluatedTag[]; rows: number[][] } };
  /** Null: the model does not know the tag. */
  precisionRecallCurve: {
    ask: { tagId: string; overlapThreshold: number };
    answer: { threshold: number; precision: number; recall: number }[] | null;
  };
  /** The most wrong first; a page of them, and how many there are in all. */
  imageResults: {
    ask: Thresholds & { filter: JudgedImageFilter; offset: number; limit: number; mostTags: number | null };
    answer: { images: JudgedImage[]; total: number };
  };
  /** All of them in the same order, told shortly. */
  measuredImages: { ask: Thresholds; answer: MeasuredImage[] };
}

export type EvaluationQuestion = keyof EvaluationQuestions;

/** How each question is answered from what an evaluation holds. */
export type EvaluationAnswers<Evaluation> = {
  [K in EvaluationQuestion]: (
    evaluation: Evaluation,
    ask: EvaluationQuestions[K]['ask'],
  ) => EvaluationQuestions[K]['answer'];
};

/** A tag as a training knew it. */
export interface TrainedTagCount {
  id: string;
  name: string;
  type: 'REGULAR' | 'NEGATIVE';
  /** Images of the training that have it. */
  imageCount: number;
}

/** Whoever computes figures: a thread of this process, so that large evaluations do not hold up the API. */
export interface EvaluationPort {
  ask<K extends EvaluationQuestion>(
    iterationId: string,
    question: K,
    details: EvaluationQuestions[K]['ask'],
  ): Promise<EvaluationQuestions[K]['answer']>;

  /** What the images of a training are tagged with; null while it has not said which they are. */
  countTrainedTags(iterationId: string): Promise<TrainedTagCount[] | null>;
}
