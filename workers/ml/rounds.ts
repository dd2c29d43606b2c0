import { keyedRandom, shuffledIndexes } from './random.ts';

/** Pictures in random order, all of them before one comes again. What comes where depends on the seed only. */
export class Rounds {
  private round = -1;
  private order: number[] = [];

  /** @param seeds keys of the sequences that orders are drawn from */
  constructor(
    private readonly members: readonly number[],
    private readonly seeds: readonly number[],
  ) {}

  /** @param position counted from the first round on */
  at(position: number): number {
    const count = this.members.length;
    const round = Math.floor(position / count);
    if (round !== this.round) {
      this.round = round;
      this.order = shuffledIndexes(count, keyedRandom(...this.seeds, round));
    }
    return this.members[this.order[position % count] as number] as number;
  }
}
