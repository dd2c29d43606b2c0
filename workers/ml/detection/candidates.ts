import { iou, type Box, type DetectedBox, type SuppressionOptions } from './boxes.ts';

/** Boxes that overlap by more are taken to mean the same object, not one beside it. */
const sameObjectOverlap = 0.7;

/** Scores below say nothing; they only make lists long. */
const leastScore = 0.02;
const leastLogit = Math.log(leastScore / (1 - leastScore));

/** Of a box that is not in the picture. */
export const noPlace = -1;

/** Cells of one level of a look that may show a tag. */
interface Proposal {
  /** Of their boxes. */
  places: Int32Array;
  logits: Float32Array;
}

/** Edges of boxes by their places, in columns: a picture full of doubt has millions of candidates, and objects would take seconds. */
const edges = ['left', 'top', 'width', 'height', 'right', 'bottom', 'area'] as const;
type BoxColumns = Record<(typeof edges)[number], Float64Array>;

/** All that the looks at a picture propose: boxes, and of which tags they may be. */
export class Candidates {
  private readonly boxes: BoxColumns;
  private boxCount = 0;
  private readonly byTag = new Map<number, TagCandidates>();

  constructor(mostBoxes: number) {
    this.boxes = Object.fromEntries(edges.map((edge) => [edge, new Float64Array(mostBoxes)])) as BoxColumns;
  }

  /** @returns its place */
  addBox({ left, top, width, height }: Box): number {
    const place = this.boxCount++;
    const numbers = { left, top, width, height, right: left + width, bottom: top + height, area: width * height };
    for (const edge of edges) this.boxes[edge][place] = numbers[edge];
    return place;
  }

  /**
   * @param logits of the tag, cell by cell
   * @param placeOf the box of a cell
   */
  propose(tagIndex: number, logits: Float32Array, placeOf: (cell: number) => number): void {
    const proposal = proposalOf(logits, placeOf);
    if (proposal.logits.length === 0) return;
    const own = this.byTag.get(tagIndex) ?? new TagCandidates(tagIndex, this.boxes);
    this.byTag.set(tagIndex, own);
    own.add(proposal);
  }

  /**
   * The most probable boxes, overlaps of one tag suppressed, each where the mean of all candidates that agree with it lies,
   * weighted by their probabilities: several cells see an object, and their mean lies better than what the surest of them says
   * (box voting: Gidaris and Komodakis, 2015). It takes one pass over the candidates of a tag for each of its boxes and sorts
   * none of them, so that `maxBoxes` bounds the time, however many there are. To be asked once.
   */
  answer({ iouThreshold, maxBoxes }: SuppressionOptions): DetectedBox[] {
    const kept: Kept[] = [];
    while (kept.length < maxBoxes) {
      const surest = this.surestTag();
      if (!surest) break;
      kept.push(surest.takeSurest(iouThreshold));
    }
    return placed(kept, iouThreshold);
  }

  private surestTag(): TagCandidates | undefined {
    let surest: TagCandidates | undefined;
    for (const own of this.byTag.values()) if (own.highestLogit > (surest?.highestLogit ?? -Infinity)) surest = own;
    return surest;
  }
}

interface Kept {
  box: DetectedBox;
  /** The mean of all that agree with it. */
  voted: Box;
}

/** The candidates of one tag. */
class TagCandidates {
  /** Of those that are not out; -Infinity when all are. */
  highestLogit = -Infinity;
  private readonly proposals: Proposal[] = [];
  /** From its first box on: most tags are in no picture. */
  private all: Joined | undefined;

  constructor(
    private readonly tagIndex: number,
    private readonly boxes: BoxColumns,
  ) {}

  add(proposal: Proposal): void {
    this.proposals.push(proposal);
    const { logits } = proposal;
    for (let i = 0; i < logits.length; i++)
      if ((logits[i] as number) > this.highestLogit) this.highestLogit = logits[i] as number;
  }

  /** Takes the surest out, and with it what it covers. */
  takeSurest(iouThreshold: number): Kept {
    const all = (this.all ??= joined(this.proposals, this.highestLogit));
    const { places, logits, isOut } = all;
    const surest = places[all.surest] as number;
    const box = this.boxAt(surest, this.highestLogit);
    const agreeing: DetectedBox[] = [];
    isOut[all.surest] = 1;
    let highest = -Infinity;
    // A plain loop over numbers: this is where a picture full of doubt spends its time.
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      const logit = logits[i] as number;
      const overlap = this.overlapAt(surest, place);
      if (overlap > sameObjectOverlap) agreeing.push(this.boxAt(place, logit));
      if (overlap > iouThreshold) isOut[i] = 1;
      if (logit > highest && isOut[i] === 0) {
        highest = logit;
        all.surest = i;
      }
    }
    this.highestLogit = highest;
    return { box, voted: meanBox(agreeing) };
  }

  /** As `iou`, to the bit. */
  private overlapAt(a: number, b: number): number {
    const { left, top, right, bottom, area } = this.boxes;
    const width = Math.min(right[a] as number, right[b] as number) - Math.max(left[a] as number, left[b] as number);
    if (width <= 0) return 0;
    const height = Math.min(bottom[a] as number, bottom[b] as number) - Math.max(top[a] as number, top[b] as number);
    if (height <= 0) return 0;
    const shared = width * height;
    return shared / ((area[a] as number) + (area[b] as number) - shared);
  }

  private boxAt(place: number, logit: number): DetectedBox {
    const at = (edge: keyof Box): number => this.boxes[edge][place] as number;
    const box = { left: at('left'), top: at('top'), width: at('width'), height: at('height') };
    return { ...box, tagIndex: this.tagIndex, probability: 1 / (1 + Math.exp(-logit)) };
  }
}

/** Those above the least score whose boxes are in the picture. */
function proposalOf(logits: Float32Array, placeOf: (cell: number) => number): Proposal {
  let count = 0;
  for (let cell = 0; cell < logits.length; cell++) if ((logits[cell] as number) > leastLogit) count++;
  const [places, own] = [new Int32Array(count), new Float32Array(count)];
  if (count === 0) return { places, logits: own };
  let at = 0;
  for (let cell = 0; cell < logits.length; cell++) {
    const logit = logits[cell] as number;
    const place = logit > leastLogit ? placeOf(cell) : noPlace;
    if (place === noPlace) continue;
    places[at] = place;
    own[at++] = logit;
  }
  return { places: places.subarray(0, at), logits: own.subarray(0, at) };
}

/** Everything that was proposed of a tag. */
interface Joined extends Proposal {
  /** 1 for what was taken, and for what that covers. */
  isOut: Uint8Array;
  /** The index of the most probable that is not out. */
  surest: number;
}

function joined(proposals: readonly Proposal[], highestLogit: number): Joined {
  const count = proposals.reduce((sum, { places }) => sum + places.length, 0);
  const [places, logits] = [new Int32Array(count), new Float32Array(count)];
  let at = 0;
  for (const own of proposals) {
    places.set(own.places, at);
    logits.set(own.logits, at);
    at += own.places.length;
  }
  return { places, logits, isOut: new Uint8Array(count), surest: logits.indexOf(highestLogit) };
}

/** Weighted by probabilities, from the highest down: the last digits of a sum depend on the order. */
function meanBox(boxes: readonly DetectedBox[]): Box {
  const sorted = boxes.toSorted((a, b) => b.probability - a.probability);
  const total = sorted.reduce((sum, { probability }) => sum + probability, 0);
  const mean = (edge: keyof Box): number => sorted.reduce((sum, box) => sum + box.probability * box[edge], 0) / total;
  return { left: mean('left'), top: mean('top'), width: mean('width'), height: mean('height') };
}

/** Where the votes say, unless a box came to overlap another one of its tag by more than suppression allows. */
function placed(kept: readonly Kept[], iouThreshold: number): DetectedBox[] {
  const boxes = kept.map(({ box }) => box);
  for (const [i, { box, voted }] of kept.entries()) {
    const isNear = (other: DetectedBox, j: number): boolean =>
      j !== i && other.tagIndex === box.tagIndex && iou(other, voted) > iouThreshold;
    if (!boxes.some(isNear)) boxes[i] = { ...box, ...voted };
  }
  return boxes;
}
