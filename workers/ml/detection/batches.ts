import { keyedRandom, shuffledIndexes } from '../random.ts';

export interface Pick {
  picture: number;
  /** 0 to below 1: which of its views. */
  view: number;
}

/** Which views a step is trained on: all pictures in turn, in a new order each time. Depends on seed and step only. */
export class Batches {
  private round = -1;
  private order: number[] = [];

  constructor(
    private readonly members: readonly number[],
    private readonly batchSize: number,
    private readonly seed: number,
  ) {}

  at(step: number): Pick[] {
    const random = keyedRandom(this.seed, viewKey, step);
    return Array.from({ length: this.batchSize }, (_, i) => ({
      picture: this.memberAt(step * this.batchSize + i),
      view: random(),
    }));
  }

  private memberAt(position: number): number {
    const count = this.members.length;
    const round = Math.floor(position / count);
    if (round !== this.round) {
      this.round = round;
      this.order = shuffledIndexes(count, keyedRandom(this.seed, orderKey, round));
    }
    return this.members[this.order[position % count] as number] as number;
  }
}

const orderKey = 1;
const viewKey = 2;
