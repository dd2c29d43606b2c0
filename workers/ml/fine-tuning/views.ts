import { createHash } from 'node:crypto';
import { plainViewCount, plainViews } from '../features.ts';
import { cropToSquare, toRasterForSquares, type PixelRegion, type Raster } from '../images/image.ts';
import { seededRandom } from '../random.ts';
import type { FineTuneRecipe } from './recipe.ts';
import type { Trunk } from './trunk.ts';
import { writeMapPack } from './map-pack.ts';

/** Crops keep at least this share of the picture's area. */
const leastArea = 0.35;
/** A crop may be stretched by this much before it is squashed into the square. */
const mostStretch = 4 / 3;
/** Brightness, contrast and saturation change by up to this share. */
const mostColourChange = 0.2;

/**
 * The picture as fine-tuning sees it: maps at stride 8 of the two plain views, then of the recipe's random ones. Depends on
 * the picture's bytes, the recipe and the seed only, so that whoever computes it again gets the same.
 * @throws ImageRefusal for a damaged picture
 */
export async function stageViews(
  trunk: Trunk,
  bytes: Uint8Array,
  { augmentedViews }: Pick<FineTuneRecipe, 'augmentedViews'>,
  seed: number,
): Promise<Buffer> {
  const side = trunk.spec.inputSize;
  const picture = await toRasterForSquares(bytes, side);
  const length = 3 * side * side;
  const input = new Float32Array((plainViewCount + augmentedViews) * length);
  input.set(await plainViews(picture, side));
  const content = createHash('sha256').update(bytes).digest();
  for (let view = 0; view < augmentedViews; view++) {
    const random = seededRandom(viewSeed(content, seed, view));
    input.set(await randomView(picture, side, random), (plainViewCount + view) * length);
  }
  const count = plainViewCount + augmentedViews;
  return writeMapPack(await trunk.maps(input, count), count);
}

function viewSeed(content: Buffer, seed: number, view: number): number {
  return createHash('sha256').update(content).update(`/${seed}/${view}`).digest().readUInt32LE(0);
}

/** [3, side, side], normalised: a crop of random place, size and proportions, perhaps mirrored, in slightly other colours. */
async function randomView(picture: Raster, side: number, random: () => number): Promise<Float32Array> {
  const region = randomRegion(picture, random);
  const isMirrored = random() < 0.5;
  const change = (): number => 1 + mostColourChange * (2 * random() - 1);
  const colours = { brightness: change(), contrast: change(), saturation: change() };
  const square = await cropToSquare(picture, region, side);
  const coloured = changeColours(square, colours);
  const plane = side * side;
  const view = new Float32Array(3 * plane);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = 3 * (y * side + (isMirrored ? side - 1 - x : x));
      for (let channel = 0; channel < 3; channel++)
        view[channel * plane + y * side + x] = ((coloured[at + channel] as number) - 127) / 128;
    }
  }
  return view;
}

/**
 * The proportions lie between those of the picture and a square, because a prediction looks at the whole picture squashed
 * and at its middle in its own proportions.
 */
function randomRegion({ width, height }: Raster, random: () => number): PixelRegion {
  const area = width * height * (leastArea + (1 - leastArea) * random());
  const stretch = mostStretch ** (2 * random() - 1);
  const ratio = (width / height) ** random() * stretch;
  const within = (wanted: number, most: number): number => Math.max(1, Math.min(most, Math.round(wanted)));
  const cropWidth = within(Math.sqrt(area * ratio), width);
  const cropHeight = within(Math.sqrt(area / ratio), height);
  return {
    left: Math.floor(random() * (width - cropWidth + 1)),
    top: Math.floor(random() * (height - cropHeight + 1)),
    width: cropWidth,
    height: cropHeight,
  };
}

interface ColourFactors {
  brightness: number;
  contrast: number;
  saturation: number;
}

/** Away from or towards each pixel's own grey, then the mean grey, then black. */
function changeColours(rgb: Uint8Array, { brightness, contrast, saturation }: ColourFactors): Float32Array {
  const grey = new Float32Array(rgb.length / 3);
  let sum = 0;
  for (let i = 0; i < grey.length; i++) {
    const [r = 0, g = 0, b = 0] = [rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]];
    // Luma of BT.601, as JPEG has it.
    grey[i] = 0.299 * r + 0.587 * g + 0.114 * b;
    sum += grey[i] as number;
  }
  const mean = sum / grey.length;
  return Float32Array.from(rgb, (value, at) => {
    const own = grey[Math.floor(at / 3)] as number;
    const saturated = own + saturation * (value - own);
    const contrasted = mean + contrast * (saturated - mean);
    return Math.min(255, Math.max(0, brightness * contrasted));
  });
}
