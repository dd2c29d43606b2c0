import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateDetections } from '../../../workers/ml/detection-evaluation/detection-figures.ts';
import { averagePrecisions, cocoOverlaps } from '../../../workers/ml/detection-evaluation/interpolated-precision.ts';
import { rankDetections } from '../../../workers/ml/detection-evaluation/ranked-detections.ts';

/** Made by coco-figures.py. */
interface Reference {
  grid: number;
  levels: number;
  tags: number;
  pictures: { truth: number[][]; detected: number[][] }[];
  /** [overlap][tag]: COCO's overlaps, then .3; -1 for a tag that is in no picture. */
  averagePrecision: number[][];
}

const file = new URL('../../reference/coco-figures.json', import.meta.url);
const { grid, levels, tags, pictures, averagePrecision } = JSON.parse(readFileSync(file, 'utf8')) as Reference;

const boxOf = ([tagIndex = 0, left = 0, top = 0, width = 0, height = 0]: number[]) => ({
  tagIndex,
  left: left / grid,
  top: top / grid,
  width: width / grid,
  height: height / grid,
});
const judged = pictures.map(({ truth, detected }) => ({
  truth: truth.map(boxOf),
  detected: detected.map((box) => ({ ...boxOf(box), probability: (box[5] ?? 0) / levels })),
}));
const known = (row: number[]) => row.filter((value) => value >= 0);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const meanAt = (overlap: number) => mean(known(averagePrecision[overlap] ?? []));

describe('average precision of detectors', () => {
  it('agrees with pycocotools for every tag and overlap', () => {
    const table = averagePrecisions(rankDetections(judged, tags, [...cocoOverlaps, 0.3]));
    expect(table).toHaveLength(tags);
    table.forEach((own, tag) => {
      const expected = averagePrecision.map((row) => row[tag] ?? NaN);
      if (expected.includes(-1)) expect(own).toBeUndefined();
      else own?.forEach((value, overlap) => expect(value).toBeCloseTo(expected[overlap] ?? NaN, 6));
    });
  });

  it('agrees with pycocotools in its means', () => {
    const figures = evaluateDetections(
      { pictures: judged, tagCount: tags },
      { threshold: 0.5, overlapThreshold: 0.65 },
    );
    const { at30, at50, at75, at50To95 } = figures.averagePrecisions;
    expect(at30.value).toBeCloseTo(meanAt(10), 6);
    expect(at50.value).toBeCloseTo(meanAt(0), 6);
    expect(at75.value).toBeCloseTo(meanAt(5), 6);
    expect(at50To95.value).toBeCloseTo(mean(cocoOverlaps.map((_, place) => meanAt(place))), 6);
    expect(figures.averagePrecision.value).toBeCloseTo(meanAt(3), 6);
    expect(figures.perTag[1]?.averagePrecision.value).toBeCloseTo(averagePrecision[3]?.[1] ?? NaN, 6);
  });
});
