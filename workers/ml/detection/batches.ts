import { keyedRandom } from '../random.ts';
import { Rounds } from '../rounds.ts';

export interface Pick {
  picture: number;
  /** 0 to below 1: which of its views. */
  view: number;
}

/** Each use of chance has a sequence of its own. */
const draws = { order: 1, view: 2 } as const;

/** Which views a step is trained on: all pictures in turn, each in a view by chance. Depends on seed and step only. */
export class Batches {
  private readonly rounds: Rounds;

  constructor(
    members: readonly number[],
    private readonly batchSize: number,
    private readonly seed: number,
  ) {
    this.rounds = new Rounds(members, [seed, draws.order]);
  }

  at(step: number): Pick[] {
    const random = keyedRandom(this.seed, draws.view, step);
    return Array.from({ length: this.batchSize }, (_, i) => ({
      picture: this.rounds.at(step * this.batchSize + i),
      view: random(),
    }));
  }
}
