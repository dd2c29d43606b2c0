import { describe, expect, it } from 'vitest';
import { detectionCurve, evaluateDetections } from '../../../workers/ml/detection-evaluation/detection-figures.ts';
import {
  measuredPictures,
  writeDetectionEvaluation,
  type JudgedPicture,
} from '../../../workers/ml/detection-evaluation/evaluation-file.ts';
import {
  listDetectionResults,
  type DetectionResultFilter,
} from '../../../workers/ml/detection-evaluation/image-results.ts';
import { compareBoxes, detectionConfusion } from '../../../workers/ml/detection-evaluation/mistakes.ts';
import type { DetectedBox, TaggedBox } from '../../../workers/ml/detection/boxes.ts';
import { readEvaluation } from '../../../workers/ml/evaluation-file.ts';

const [cat, dog] = [0, 1];
const usual = { threshold: 0.5, overlapThreshold: 0.3 };
const anything: DetectionResultFilter = {
  isRight: null,
  actualTagId: null,
  predictedTagId: null,
  mistake: null,
  imageIds: null,
};

/** A square of a quarter of the side, in floats that a file keeps exactly. */
const there = (tagIndex: number, left: number, top = 0): TaggedBox => ({
  tagIndex,
  left,
  top,
  width: 0.25,
  height: 0.25,
});
const found = (probability: number, ...box: Parameters<typeof there>): DetectedBox => ({
  ...there(...box),
  probability,
});

const allRight: JudgedPicture = { truth: [there(cat, 0)], detected: [found(0.875, cat, 0)] };
const allMistakes: JudgedPicture = {
  truth: [there(cat, 0), there(dog, 0.5), there(cat, 0, 0.5), there(dog, 0.5, 0.5)],
  detected: [
    found(0.75, cat, 0), // right
    found(0.625, cat, 0), // the same again
    found(0.75, cat, 0.5), // a cat that is a dog
    found(0.875, cat, 0.15625, 0.5), // three eighths are shared: an overlap of 3 / 13
    found(0.375, dog, 0.5, 0.5), // right, but not sure enough
  ],
};
const pictures = [allRight, allMistakes];
const inFile = {
  kind: 'DETECTION' as const,
  tags: [
    { id: 'c', name: 'cat', type: 'REGULAR' as const },
    { id: 'd', name: 'dog', type: 'REGULAR' as const },
  ],
};

describe('figures of a detector', () => {
  const evaluate = (thresholds: typeof usual) => evaluateDetections({ pictures, tagCount: 2 }, thresholds);

  it('agree with what was counted by hand', () => {
    const figures = evaluate(usual);
    expect(figures.precision.value).toBe(2 / 5);
    expect(figures.recall.value).toBe(2 / 5);
    expect(figures.accuracy).toBe(1 / 2);
    expect(figures.regionCount).toBe(5);
    const [cats, dogs] = figures.perTag;
    expect(cats).toMatchObject({ imageCount: 2, regionCount: 3 });
    expect(cats?.recall.value).toBe(2 / 3);
    expect(dogs).toMatchObject({ imageCount: 1, regionCount: 2 });
    expect(dogs?.precision).toEqual({ value: 0, low: 0, high: 1 });
  });

  it('follow both thresholds', () => {
    expect(evaluate({ ...usual, threshold: 0.25 }).perTag[dog]?.precision.value).toBe(1);
    expect(evaluate({ ...usual, threshold: 0.8 }).precision.value).toBe(1 / 2);
    expect(evaluate({ ...usual, overlapThreshold: 0.2 }).recall.value).toBe(3 / 5);
    expect(evaluate({ ...usual, overlapThreshold: 0.2 }).averagePrecision.value).toBeGreaterThan(
      evaluate(usual).averagePrecision.value,
    );
  });

  it('have intervals that hold them, also when all is right', () => {
    const { precision, perTag } = evaluate({ ...usual, threshold: 0.8 });
    expect(precision.low).toBeLessThan(precision.value);
    expect(precision.high).toBeGreaterThan(precision.value);
    const single = evaluateDetections({ pictures: [allRight], tagCount: 1 }, usual);
    expect(single.recall).toMatchObject({ value: 1, high: 1 });
    expect(single.recall.low).toBeLessThan(0.5);
    expect(perTag[cat]?.averagePrecisions.at50.high).toBe(1);
  });

  it('say how far probabilities are from frequencies', () => {
    // Half of what is .5 sure is right in the first set, all of it in the second.
    const half = [[there(cat, 0)], []].map((truth) => ({ truth, detected: [found(0.5, cat, 0)] }));
    expect(evaluateDetections({ pictures: half, tagCount: 1 }, usual).expectedCalibrationError).toBe(0);
    expect(evaluateDetections({ pictures: half, tagCount: 1 }, usual).logLoss).toBeCloseTo(Math.LN2, 10);
    const all = evaluateDetections({ pictures: half.slice(0, 1), tagCount: 1 }, usual);
    expect(all.expectedCalibrationError).toBe(0.5);
  });

  it('cope with nothing', () => {
    const nothing = evaluateDetections({ pictures: [], tagCount: 1 }, usual);
    expect(nothing.averagePrecision).toEqual({ value: 0, low: 0, high: 1 });
    expect(nothing.precision).toEqual({ value: 0, low: 0, high: 1 });
    expect(nothing.expectedCalibrationError).toBe(0);
  });

  it('draw a curve that ends at the recall of everything that was found', () => {
    const curve = detectionCurve({ pictures, tagCount: 2 }, cat, 0.3);
    // .875 twice, right and wrong; .75 twice, right and wrong; .625 is found already.
    expect(curve.map(({ threshold, precision }) => [threshold, precision])).toEqual([
      [0.875, 1 / 2],
      [0.75, 2 / 4],
      [0.625, 2 / 5],
    ]);
    expect(curve.at(-1)?.recall).toBe(2 / 3);
  });
});

describe('mistakes of a detector', () => {
  it('are told apart', () => {
    expect(compareBoxes(allRight, usual).mistakes).toEqual([]);
    const { right, mistakes } = compareBoxes(allMistakes, usual);
    const [first, same, confused, misplaced] = allMistakes.detected;
    expect(right).toEqual([{ actual: allMistakes.truth[0], predicted: first }]);
    expect(mistakes).toEqual([
      { kind: 'CONFUSED', actual: allMistakes.truth[1], predicted: confused },
      { kind: 'MISPLACED', actual: allMistakes.truth[2], predicted: misplaced },
      { kind: 'EXTRA', actual: null, predicted: same },
      { kind: 'MISSED', actual: allMistakes.truth[3], predicted: null },
    ]);
  });

  it('depend on the thresholds', () => {
    const kindsAt = (thresholds: typeof usual) =>
      compareBoxes(allMistakes, thresholds).mistakes.map(({ kind }) => kind);
    expect(kindsAt({ ...usual, overlapThreshold: 0.2 })).toEqual(['CONFUSED', 'EXTRA', 'MISSED']);
    expect(kindsAt({ ...usual, threshold: 0.3 })).toEqual(['CONFUSED', 'MISPLACED', 'EXTRA']);
  });

  it('make up the confusion matrix, each box once', () => {
    expect(detectionConfusion(pictures, 2, usual)).toEqual([
      [2, 0, 1], // cats: two found, one misplaced
      [1, 0, 1], // dogs: one found as a cat, one not at all
      [2, 0, 0], // found where nothing is: the same again, and the misplaced one
    ]);
  });

  it('put the images with most of them first, and can be asked for', () => {
    const evaluation = { ...inFile, measuredOn: 'OUT_OF_FOLD' as const, imageIds: ['right', 'wrong'], pictures };
    const list = (filter: Partial<DetectionResultFilter>) =>
      listDetectionResults(evaluation, usual, { ...anything, ...filter }).map(({ imageId }) => imageId);
    expect(list({})).toEqual(['wrong', 'right']);
    expect(list({ isRight: true })).toEqual(['right']);
    expect(list({ actualTagId: 'd' })).toEqual(['wrong']);
    expect(list({ imageIds: ['wrong', 'of another project'] })).toEqual(['wrong']);
    expect(list({ predictedTagId: 'c' })).toEqual(['wrong', 'right']);
    expect(list({ predictedTagId: 'd' })).toEqual([]);
    expect(list({ mistake: 'CONFUSED', isRight: false })).toEqual(['wrong']);
  });
});

describe('the evaluation file of a detector', () => {
  const evaluation = {
    ...inFile,
    imageIds: ['a', 'b', 'c', 'd'],
    isTest: [false, false, true, false],
    measuredOn: 'OUT_OF_FOLD' as const,
    pictures: [allRight, null, allMistakes, { truth: [], detected: [] }],
  };

  it('keeps everything', () => {
    expect(readEvaluation(writeDetectionEvaluation(evaluation))).toEqual(evaluation);
  });

  it('is refused when it was cut off', () => {
    const file = writeDetectionEvaluation(evaluation);
    expect(() => readEvaluation(file.subarray(0, -4))).toThrow('60 numbers of boxes instead of 61');
  });

  it('measures on what the model had not seen: held-out images, or the test images', () => {
    expect(measuredPictures(evaluation).imageIds).toEqual(['a', 'd']);
    expect(measuredPictures({ ...evaluation, measuredOn: 'TEST_IMAGES' }).pictures).toEqual([allMistakes]);
  });
});
