import { iou, type DetectedBox, type TaggedBox } from '../detection/boxes.ts';
import type { JudgedPicture } from './evaluation-file.ts';
import { matchGreedily } from './greedy-matching.ts';

/** All detections of one tag, the most probable first; of equals the one in the earlier picture. */
export interface RankedDetections {
  probabilities: Float64Array;
  /** Number of the picture of each. */
  pictures: Int32Array;
  /** For each overlap threshold asked for: 1 where the detection is right. */
  isRight: Uint8Array[];
  /** The picture of each true box. */
  truthPictures: Int32Array;
}

/** COCO looks at no more detections of a tag in one picture. */
const mostPerPicture = 100;

/** The detections that count, the most probable first. */
export function countedDetections(detected: DetectedBox[]): DetectedBox[] {
  const perTag = new Map<number, number>();
  return detected
    .toSorted((a, b) => b.probability - a.probability)
    .filter(({ tagIndex }) => {
      const before = perTag.get(tagIndex) ?? 0;
      perTag.set(tagIndex, before + 1);
      return before < mostPerPicture;
    });
}

/** Ranks what was found of every tag over all pictures, and says at each overlap threshold what of it is right. */
export function rankDetections(
  pictures: JudgedPicture[],
  tagCount: number,
  overlapThresholds: readonly number[],
): RankedDetections[] {
  const found: Found[] = Array.from({ length: tagCount }, () => ({ detections: [], truthPictures: [] }));
  pictures.forEach(({ truth, detected }, picture) => {
    const truthOf = byTag(truth);
    for (const [tag, boxes] of truthOf) boxes.forEach(() => found[tag]?.truthPictures.push(picture));
    for (const [tag, boxes] of byTag(countedDetections(detected))) {
      const rightOf = rightDetections(boxes, truthOf.get(tag) ?? [], overlapThresholds);
      boxes.forEach(({ probability }, i) => {
        found[tag]?.detections.push({ probability, picture, right: rightOf[i] ?? 0 });
      });
    }
  });
  return found.map((own) => ranked(own, overlapThresholds.length));
}

interface Found {
  /** `right` has a bit for each overlap threshold at which the detection is right. */
  detections: { probability: number; picture: number; right: number }[];
  truthPictures: number[];
}

function byTag<B extends TaggedBox>(boxes: B[]): Map<number, B[]> {
  const groups = new Map<number, B[]>();
  for (const box of boxes) {
    const group = groups.get(box.tagIndex);
    if (group) group.push(box);
    else groups.set(box.tagIndex, [box]);
  }
  return groups;
}

/** A bit for each overlap threshold. Overlaps are computed once for all of them. */
function rightDetections(
  detected: DetectedBox[],
  truth: TaggedBox[],
  overlapThresholds: readonly number[],
): Uint32Array {
  const right = new Uint32Array(detected.length);
  if (truth.length === 0) return right;
  const overlaps = detected.flatMap((box) => truth.map((own) => iou(box, own)));
  const overlap = (d: number, t: number): number => overlaps[d * truth.length + t] as number;
  overlapThresholds.forEach((least, bit) => {
    matchGreedily(detected.length, truth.length, overlap, least).forEach((match, d) => {
      if (match >= 0) right[d] = (right[d] as number) | (1 << bit);
    });
  });
  return right;
}

function ranked({ detections, truthPictures }: Found, thresholdCount: number): RankedDetections {
  const order = detections.toSorted((a, b) => b.probability - a.probability);
  return {
    probabilities: Float64Array.from(order, ({ probability }) => probability),
    pictures: Int32Array.from(order, ({ picture }) => picture),
    isRight: Array.from({ length: thresholdCount }, (_, bit) =>
      Uint8Array.from(order, ({ right }) => (right >> bit) & 1),
    ),
    truthPictures: Int32Array.from(truthPictures),
  };
}
