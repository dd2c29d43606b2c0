import { fromFloat16 } from '../float16.ts';
import { keyedRandom, shuffledIndexes } from '../random.ts';
import { Rounds } from '../rounds.ts';
import type { ViewPool } from '../view-pool.ts';
import type { FineTuneRecipe } from './recipe.ts';

/** What a training is given its pictures by. */
export interface TrainingPictures {
  /** The pack that `stageViews` made of a picture. Packs that were used lately stay in memory. */
  loadViews: (picture: number) => Promise<Uint8Array>;
  /** By picture: indexes of its tags. */
  targets: readonly (readonly number[])[];
  tagCount: number;
  /** Indexes of the pictures that are trained on. */
  members: readonly number[];
}

/** One batch for the trainer. */
export interface Batch {
  /** [batchSize, ...stride8]: each a mixture of two views. */
  map: Float32Array;
  /** [batchSize, tagCount], 0 to 1, mixed alike. */
  targets: Float32Array;
  /** [batchSize, featureLength]: 0 where the feature is left out, else what makes up for it. */
  kept: Float32Array;
}

/** Each use of chance has a sequence of its own, so that a batch depends on seed and step only. */
const draws = { order: 1, view: 2, mixture: 3, dropout: 4 } as const;

/** Widening by table: a batch has a million numbers. */
const widened = fromFloat16(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits));

/** Pictures in random order, all of them before one comes again, each in a view by chance. */
export class Batches {
  private readonly rounds: Rounds;

  constructor(
    private readonly pictures: Omit<TrainingPictures, 'loadViews'>,
    private readonly pool: ViewPool<Uint16Array[]>,
    private readonly recipe: FineTuneRecipe,
    private readonly seed: number,
    private readonly featureLength: number,
  ) {
    this.rounds = new Rounds(pictures.members, [seed, draws.order]);
  }

  /** @param step from 0 */
  async at(step: number): Promise<Batch> {
    const { batchSize, mixup } = this.recipe;
    const chosen = Array.from({ length: batchSize }, (_, i) => this.rounds.at(step * batchSize + i));
    const maps: Uint16Array[] = [];
    for (const [i, picture] of chosen.entries()) maps.push(await this.viewOf(picture, step * batchSize + i));
    const length = maps[0]?.length ?? 0;
    const { tagCount } = this.pictures;
    const batch = {
      map: new Float32Array(batchSize * length),
      targets: new Float32Array(batchSize * tagCount),
      kept: this.dropout(step),
    };
    const random = keyedRandom(this.seed, draws.mixture, step);
    const partners = shuffledIndexes(batchSize, random);
    chosen.forEach((picture, i) => {
      const partner = partners[i] as number;
      const share = betaShare(mixup, random);
      mixMaps(batch.map.subarray(i * length, (i + 1) * length), maps[i], maps[partner], share);
      const own = batch.targets.subarray(i * tagCount, (i + 1) * tagCount);
      this.addTargets(own, picture, share);
      this.addTargets(own, chosen[partner] as number, 1 - share);
    });
    return batch;
  }

  private async viewOf(picture: number, position: number): Promise<Uint16Array> {
    const views = await this.pool.get(picture);
    const random = keyedRandom(this.seed, draws.view, position);
    return views[Math.floor(random() * views.length)] as Uint16Array;
  }

  private addTargets(into: Float32Array, picture: number, share: number): void {
    for (const tag of this.pictures.targets[picture] ?? []) into[tag] = (into[tag] as number) + share;
  }

  private dropout(step: number): Float32Array {
    const { batchSize, dropout } = this.recipe;
    const random = keyedRandom(this.seed, draws.dropout, step);
    return Float32Array.from({ length: batchSize * this.featureLength }, () =>
      random() < dropout ? 0 : 1 / (1 - dropout),
    );
  }
}

function mixMaps(into: Float32Array, a: Uint16Array = empty, b: Uint16Array = empty, share: number): void {
  for (let i = 0; i < into.length; i++)
    into[i] = share * (widened[a[i] as number] as number) + (1 - share) * (widened[b[i] as number] as number);
}

const empty = new Uint16Array();

/** From the beta distribution of twice the same shape below 1 (Jöhnk's method); shape 0 mixes nothing. */
function betaShare(shape: number, random: () => number): number {
  if (shape === 0) return 1;
  for (;;) {
    const [x, y] = [random() ** (1 / shape), random() ** (1 / shape)];
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}
