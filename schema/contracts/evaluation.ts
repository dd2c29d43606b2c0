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

export interface TagFigures {
  precision: IntervalFigure;
  recall: IntervalFigure;
  averagePrecision: IntervalFigure;
  imageCount: number;
}

export interface PerformanceFigures extends TagFigures {
  threshold: number;
  measuredOn: 'OUT_OF_FOLD' | 'TEST_IMAGES';
  accuracy: number;
  expectedCalibrationError: number;
  logLoss: number;
  perTag: (TagFigures & { tag: EvaluatedTag })[];
}

export interface JudgedImage {
  imageId: string;
  isRight: boolean;
  actualTags: EvaluatedTag[];
  predictedTags: EvaluatedTag[];
  /** Highest first, at most ten. */
  probabilities: { tag: EvaluatedTag; probability: number }[];
}

/** Which images to list; what is null does not restrict. */
export interface JudgedImageFilter {
  isRight: boolean | null;
  actualTagId: string | null;
  predictedTagId: string | null;
}

/** What can be asked of the stored predictions of an iteration, and what is answered; all of it is plain JSON. */
export interface EvaluationQuestions {
  performance: { ask: { threshold: number }; answer: PerformanceFigures };
  confusionMatrix: { ask: { threshold: number }; answer: { tags: EvaluatedTag[]; rows: number[][] } };
  /** Null: the model does not know the tag. */
  precisionRecallCurve: {
    ask: { tagId: string };
    answer: { threshold: number; precision: number; recall: number }[] | null;
  };
  /** The most wrong first; a page of them, and how many there are in all. */
  imageResults: {
    ask: { threshold: number; filter: JudgedImageFilter; offset: number; limit: number };
    answer: { images: JudgedImage[]; total: number };
  };
}

export type EvaluationQuestion = keyof EvaluationQuestions;

/** Whoever computes figures: a thread of this process, so that large evaluations do not hold up the API. */
export interface EvaluationPort {
  ask<K extends EvaluationQuestion>(
    iterationId: string,
    question: K,
    details: EvaluationQuestions[K]['ask'],
  ): Promise<EvaluationQuestions[K]['answer']>;
}
