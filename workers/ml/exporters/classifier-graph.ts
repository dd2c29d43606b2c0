import { backboneGraph } from '../backbones/backbone-graph.ts';
import { readBackbone } from '../backbones/backbone.ts';
import { backbones } from '../backbones/registry.ts';
import type { ClassifierModel } from '../classification/classifier-package.ts';
import { featureLength } from '../features.ts';
import { inferenceNetwork } from '../fine-tuning/tail-network.ts';
import { toFloat16 } from '../float16.ts';
import { Graph } from '../trainer/graph.ts';
import { inferenceModel } from '../trainer/inference-model.ts';
import type { Weights } from '../trainer/network.ts';
import { elementTypes, readOnnx, usualVersions, type OnnxGraph, type OnnxVersions } from '../trainer/onnx-file.ts';
import { squaresOf } from './resampling-graph.ts';

export const inputName = 'data';
export const outputName = 'model_output';

/** How a flavour is written. */
export interface ClassifierGraphOptions {
  /** ANY_SIZE makes the two squares itself; SQUARE takes the whole picture squashed, as old tools feed it. */
  input: 'ANY_SIZE' | 'SQUARE';
  /** Number type of the input and of the stored weights. */
  numbers: 'float32' | 'float16';
  versions: OnnxVersions;
  metadata: Readonly<Record<string, string>>;
}

/** ONNX 1.2, of 2018: what Windows ML of that year reads. */
export const onnx12: OnnxVersions = { irVersion: 3, operatorSet: 7 };

/** A classifier from the picture, 0 to 255 in RGB, to its calibrated probabilities [1, tags], in one file. */
export async function classifierGraph(model: ClassifierModel, options: ClassifierGraphOptions): Promise<Uint8Array> {
  const graph = new Graph();
  const picture = pictureInput(graph, model.inputSize, options);
  const views =
    options.input === 'ANY_SIZE'
      ? squaresOf(graph, picture, model.inputSize)
      : bothWays(graph, picture, model.inputSize);
  const normalised = graph.node('Div', [graph.node('Sub', [views, graph.scalar(127)]), graph.scalar(128)]);
  const pooled = await addBackbone(graph, model, normalised, options);
  addHead(graph, model, normalisedFeature(graph, pooled));
  return graph.toOnnx({ versions: options.versions, metadata: options.metadata });
}

function pictureInput(graph: Graph, side: number, { input, numbers }: ClassifierGraphOptions): string {
  const sides = input === 'ANY_SIZE' ? ['height', 'width'] : [side, side];
  const given = graph.input(inputName, [1, 3, ...sides], numbers);
  return numbers === 'float16' ? graph.node('Cast', [given], { to: elementTypes.FLOAT }) : given;
}

/** The square as it is and mirrored. */
function bothWays(graph: Graph, picture: string, side: number): string {
  const fromTheRight = graph.integers(Array.from({ length: side }, (_, i) => side - 1 - i));
  return graph.node('Concat', [picture, graph.node('Gather', [picture, fromTheRight], { axis: 3 })], { axis: 0 });
}

/** @returns the pooled feature of each view, [2, 1280] */
async function addBackbone(
  graph: Graph,
  { backbone, tail }: ClassifierModel,
  views: string,
  options: ClassifierGraphOptions,
): Promise<string> {
  const spec = backbones[backbone];
  const suited = (part: OnnxGraph): OnnxGraph => suitedTo(options, part);
  if (!tail) return graph.append(suited(readOnnx(await readBackbone(spec))), 'backbone.', { image: views })('pooled');
  const cut = await backboneGraph(spec);
  const trunk = graph.append(suited(readOnnx(cut.trunk)), 'trunk.', { image: views });
  // Training and server keep the maps between the two in half precision.
  const map = graph.node('Cast', [trunk('stride8')], { to: elementTypes.FLOAT16 });
  const tuned = readOnnx(inferenceModel(inferenceNetwork(cut), tail));
  return graph.append(suited(options.numbers === 'float16' ? inHalves(tuned) : tuned), 'tail.', { map })('pooled');
}

function suitedTo({ versions }: ClassifierGraphOptions, part: OnnxGraph): OnnxGraph {
  return versions.operatorSet < usualVersions.operatorSet ? withClipAttributes(part) : part;
}

/** Before version 11 of the operators the limits of `Clip` were no inputs. */
function withClipAttributes(part: OnnxGraph): OnnxGraph {
  const scalars = new Map(part.constants.filter(({ dims }) => dims.length === 0).map((c) => [c.name, c.rawData]));
  const limit = (name = ''): { float: number } => {
    const bytes = scalars.get(name);
    if (!bytes) throw new Error(`The limit ${name} of a Clip is not a constant.`);
    return { float: Buffer.from(bytes).readFloatLE(0) };
  };
  const nodes = part.nodes.map((node) => {
    if (node.opType !== 'Clip') return node;
    const [x = '', least, most] = node.input;
    return { ...node, input: [x], attributes: { min: limit(least), max: limit(most) } };
  });
  return { ...part, nodes };
}

/** Large weights as float16, widened where they are used, as those of the backbones are. */
function inHalves(part: OnnxGraph): OnnxGraph {
  const isLarge = ({ dims, dataType }: OnnxGraph['constants'][number]): boolean =>
    dataType === elementTypes.FLOAT && dims.length > 1;
  const large = part.constants.filter(isLarge);
  const casts = large.map(({ name }) => ({
    opType: 'Cast',
    input: [`${name}.half`],
    output: [name],
    attributes: { to: elementTypes.FLOAT },
  }));
  const halves = large.map(({ name, dims, rawData }) => ({
    name: `${name}.half`,
    dims,
    dataType: elementTypes.FLOAT16,
    rawData: new Uint8Array(toFloat16(new Float32Array(new Uint8Array(rawData).buffer)).buffer),
  }));
  return {
    ...part,
    nodes: [...casts, ...part.nodes],
    constants: [...part.constants.filter((c) => !isLarge(c)), ...halves],
  };
}

/** Square root, then length 1, as `normaliseFeature`; an empty feature stays empty. */
function normalisedFeature(graph: Graph, pooled: string): string {
  const positive = graph.node('Relu', [pooled]);
  const mean = graph.node('ReduceMean', [positive], { axes: [1] });
  const sum = graph.node('Mul', [mean, graph.scalar(featureLength)]);
  const least = graph.node('Add', [sum, graph.scalar(1e-30)]);
  return graph.node('Div', [graph.node('Sqrt', [positive]), graph.node('Sqrt', [least])]);
}

/** The head on the mean of both views (which is the mean of its logits), temperature, probabilities. */
function addHead(graph: Graph, { kind, weights, bias, temperature }: ClassifierModel, features: string): void {
  const head: Weights = new Map([
    ['head.weight', weights],
    ['head.bias', bias],
  ]);
  const mean = graph.node('ReduceMean', [features], { axes: [0] });
  const inputs = [...head].map(([name, data]) =>
    graph.floats(name, data, name === 'head.weight' ? [bias.length, featureLength] : [bias.length]),
  );
  const logits = graph.node('Gemm', [mean, ...inputs], { transB: 1 });
  const scaled = graph.node('Div', [logits, graph.scalar(temperature)]);
  graph.node(
    kind === 'MULTICLASS' ? 'Softmax' : 'Sigmoid',
    [scaled],
    kind === 'MULTICLASS' ? { axis: 1 } : {},
    outputName,
  );
  graph.output(outputName, [1, bias.length]);
}
