import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { ClassifierModel } from '../classification/classifier-package.ts';
import { toFloat16 } from '../float16.ts';
import { toRasterForSquares, toSquares, type Raster } from '../images/image.ts';
import { openPredictor, type Predictor } from '../predictor.ts';
import { floats, halvesTensor, openSession } from '../session.ts';
import { SharedSessions } from '../shared-sessions.ts';
import { inputName, outputName, type ClassifierGraphOptions } from './classifier-graph.ts';
import type { ReferencePicture } from './reference-pictures.ts';

/** Between probabilities. Resizing rounds one colour value in eight the other way; a trained head makes little of it. */
const tolerance = 0.03;

interface ComparedPicture {
  picture: string;
  /** By the server, in the order of the labels. */
  expected: number[];
  /** By the exported model, run here. */
  measured: number[];
  difference: number;
  /** False when the input has less of the picture than the server sees: then a difference is no mistake. */
  isSameView: boolean;
}

export interface ParityReport {
  about: string;
  tolerance: number;
  largestDifference: number;
  /** Where the input cannot hold what the server sees. */
  largestDifferenceBySquashing: number;
  pictures: ComparedPicture[];
}

type InputOptions = Pick<ClassifierGraphOptions, 'input' | 'numbers'>;

/**
 * Asks the server's own predictor and the exported file about the same pictures.
 * @throws Error when they disagree by more than the tolerance: such a file must not be handed out
 */
export async function checkParity(
  model: ClassifierModel,
  onnx: Uint8Array,
  options: InputOptions,
  pictures: readonly ReferencePicture[],
  signal?: AbortSignal,
): Promise<ParityReport> {
  const shared = new SharedSessions();
  const predictor = await openPredictor(model, shared);
  const session = await openSession(onnx);
  try {
    const compared: ComparedPicture[] = [];
    for (const picture of pictures) {
      signal?.throwIfAborted();
      compared.push(await compare({ predictor, session, options, side: model.inputSize }, picture));
    }
    return report(compared);
  } finally {
    await session.release();
    await predictor.release();
    await shared.release();
  }
}

function report(pictures: ComparedPicture[]): ParityReport {
  const largest = (isSameView: boolean): number =>
    Math.max(0, ...pictures.filter((picture) => picture.isSameView === isSameView).map(({ difference }) => difference));
  const largestDifference = largest(true);
  if (!(largestDifference <= tolerance))
    throw new Error(
      `The exported model differs from the server by ${largestDifference.toFixed(4)}; at most ${tolerance} is allowed.`,
    );
  return {
    about: 'Probabilities of the server (expected) and of model.onnx (measured), in the order of labels.txt.',
    tolerance,
    largestDifference,
    largestDifferenceBySquashing: largest(false),
    pictures,
  };
}

interface Sides {
  predictor: Predictor;
  session: InferenceSession;
  options: InputOptions;
  side: number;
}

async function compare(
  { predictor, session, options, side }: Sides,
  { name, png }: ReferencePicture,
): Promise<ComparedPicture> {
  const results = await predictor.predict(png);
  const expected = [...results].sort((a, b) => a.tagIndex - b.tagIndex).map(({ probability }) => probability);
  const raster = await toRasterForSquares(png, side);
  const isSameView = options.input === 'ANY_SIZE' || raster.width === raster.height;
  const fed = options.input === 'ANY_SIZE' ? raster : await squashed(raster, side);
  const outputs = await session.run({ [inputName]: inputTensor(fed, options) });
  const measured = Array.from(floats(outputs[outputName]));
  const difference = Math.max(...expected.map((probability, i) => Math.abs(probability - (measured[i] ?? NaN))));
  return { picture: name, expected, measured, difference, isSameView };
}

async function squashed(raster: Raster, side: number): Promise<Raster> {
  const { whole } = await toSquares(raster, side);
  return { rgb: whole, width: side, height: side };
}

/** [1, 3, height, width], 0 to 255. */
export function inputTensor({ rgb, width, height }: Raster, { numbers }: Pick<InputOptions, 'numbers'>): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let at = 0; at < rgb.length; at++) values[(at % 3) * plane + Math.floor(at / 3)] = rgb[at] as number;
  const dims = [1, 3, height, width];
  return numbers === 'float16' ? halvesTensor(toFloat16(values), dims) : new Tensor('float32', values, dims);
}
