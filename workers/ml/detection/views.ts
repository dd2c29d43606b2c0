import type { Backbone } from '../backbones/backbone.ts';
import type { Trunk } from '../fine-tuning/trunk.ts';
import { toFloat16 } from '../float16.ts';
import { ImageRefusal, toRaster, type Raster } from '../images/image.ts';
import { keyedRandom } from '../random.ts';
import type { TaggedBox } from './boxes.ts';
import type { DetectorRecipe } from './recipe.ts';
import { looksOf, type Looks } from './looks.ts';
import { drawView } from './view-drawing.ts';
import { writeViewPack, type View } from './view-pack.ts';
import { boxesInView, plainPlan, variedPlan, type ViewPlan } from './view-plan.ts';

/**
 * Part of every cache key and package: changes whenever what is drawn or what the backbone makes of it changes, because maps of
 * different versions must not be mixed in one model.
 */
export const viewVersion = '1-squash-bilinear-fp16';

export interface TrainingPicture {
  boxes: TaggedBox[];
  /** Mosaics mix pictures of one fold only: a model must have seen nothing of those that it is judged on. */
  fold: number;
  /** The picture as it was sent. */
  load: () => Promise<Uint8Array>;
}

/** All pictures, with those of each fold together: in many pictures nobody wants to look for them again for each. */
export class PictureSet {
  private readonly byFold = new Map<number, number[]>();

  constructor(readonly pictures: readonly TrainingPicture[]) {
    pictures.forEach(({ fold }, index) => {
      const fellows = this.byFold.get(fold);
      if (fellows) fellows.push(index);
      else this.byFold.set(fold, [index]);
    });
  }

  /** Indexes of the pictures of the same fold, itself among them, ascending. */
  fellowsOf(index: number): readonly number[] {
    const picture = this.pictures[index];
    if (!picture) throw new RangeError(`There is no image ${index}.`);
    return this.byFold.get(picture.fold) ?? [];
  }
}

/**
 * All views of one picture as a view pack: first the plain ones, which a prediction looks at, then the varied. They depend
 * on the arguments only.
 * @throws ImageRefusal when the picture itself is damaged; a damaged one in its mosaics gives way to the picture itself
 */
export async function renderViews(
  backbone: Backbone,
  set: PictureSet,
  index: number,
  recipe: Looks & Pick<DetectorRecipe, 'viewsPerImage' | 'closeUpShare'>,
  seed: number,
): Promise<Buffer> {
  const side = recipe.inputSize;
  const { pictures } = set;
  const fellows = set.fellowsOf(index);
  const decoded = new Map([[index, await decodeOf(pictures[index], recipe)]]);
  const views: View[] = [];
  const plans = looksOf(recipe).map((look) => plainPlan(index, look, side));
  for (let view = 1; view < recipe.viewsPerImage; view++)
    plans.push(variedPlan(index, fellows, recipe, keyedRandom(seed, index, view)));
  for (const plan of plans) {
    await decodePartners(plan, pictures, decoded, index, recipe);
    const boxes = boxesInView(plan, (picture) => pictures[picture]?.boxes ?? [], side);
    const pixels = drawView(plan, (picture) => decoded.get(picture) as Raster, side);
    views.push({ boxes, maps: await stageMaps(backbone, pixels, side) });
  }
  return writeViewPack({ inputSize: side, views });
}

/** Maps of a picture as a prediction sees it, one for each look. */
export function plainMaps(backbone: Backbone, bytes: Uint8Array, looks: Looks): Promise<View['maps'][]> {
  return mapsOfLooks(bytes, looks, (pixels) => stageMaps(backbone, pixels, looks.inputSize));
}

/** The finest of them alone, to the bit: what a detector needs that has the rest of the backbone itself. */
export function finestMaps(trunk: Trunk, bytes: Uint8Array, looks: Looks): Promise<[Uint16Array][]> {
  return mapsOfLooks(bytes, looks, async (pixels) => [await trunk.maps(pixels, 1, looks.inputSize)]);
}

async function mapsOfLooks<Maps>(
  bytes: Uint8Array,
  looks: Looks,
  mapsOf: (pixels: Float32Array) => Promise<Maps>,
): Promise<Maps[]> {
  const { inputSize } = looks;
  const picture = await decode(bytes, looks);
  const maps: Maps[] = [];
  for (const look of looksOf(looks))
    maps.push(await mapsOf(drawView(plainPlan(0, look, inputSize), () => picture, inputSize)));
  return maps;
}

/** Rounded as they are in the cache, so that a prediction sees exactly what training and evaluation saw. */
async function stageMaps(backbone: Backbone, pixels: Float32Array, side: number): Promise<View['maps']> {
  const { stride8, stride16, stride32 } = await backbone.maps(pixels, side, ['stride8', 'stride16', 'stride32']);
  return [toFloat16(stride8), toFloat16(stride16), toFloat16(stride32)];
}

/**
 * The longer side twice the input, and no side of a look less than the input, so that a bilinear sample of a plain view misses
 * no pixel that the view could show.
 */
function decode(bytes: Uint8Array, looks: Looks): Promise<Raster> {
  const { inputSize } = looks;
  const smallest = Math.min(...looksOf(looks).map(({ part }) => Math.min(part.width, part.height)));
  return toRaster(bytes, 2 * inputSize, Math.round(inputSize / smallest));
}

async function decodeOf(picture: TrainingPicture | undefined, looks: Looks): Promise<Raster> {
  if (!picture) throw new RangeError('There is no image with this index.');
  return decode(await picture.load(), looks);
}

async function decodePartners(
  plan: ViewPlan,
  pictures: readonly TrainingPicture[],
  decoded: Map<number, Raster>,
  index: number,
  looks: Looks,
): Promise<void> {
  for (const patch of plan.patches) {
    if (decoded.has(patch.picture)) continue;
    try {
      decoded.set(patch.picture, await decodeOf(pictures[patch.picture], looks));
    } catch (error) {
      if (!(error instanceof ImageRefusal)) throw error;
      patch.picture = index;
    }
  }
}
