import type { InferenceSession } from 'onnxruntime-node';
import { backboneGraph } from '../backbones/backbone-graph.ts';
import { backbones } from '../backbones/registry.ts';
import { memoryPerTailByte } from '../fine-tuning/tail.ts';
import { openSession } from '../session.ts';
import { inferenceModel } from '../trainer/inference-model.ts';
import { bytesOf, type Weights } from '../trainer/network.ts';
import { defaultSuppression, type Box, type DetectedBox, type SuppressionOptions } from './boxes.ts';
import { Candidates, noPlace } from './candidates.ts';
import { expansionWeights, isTuned } from './expansion.ts';
import { gridOf, proposedBoxes, type Grid } from './grid.ts';
import { headNetwork, outputName } from './head-network.ts';
import { mapTensors } from './normalisation.ts';
import { shapeOf, type DetectorShape } from './shape.ts';
import { fromLook, looksOf, type Look, type Looks } from './looks.ts';
import { levels } from './view-pack.ts';

/** What was learned, the normalisation folded in; what did not learn comes from the backbone. */
export interface DetectorParameters extends DetectorShape {
  tagCount: number;
  /** Weights of the heads, and of the backbone from stride 8 on if it learned too. */
  weights: Weights;
}

/** Of a cell whose box was not looked at yet. */
const unplaced = -2;

/** Measured, 11 MB for a model of 3.1: the runtime keeps the weights as they are and as its convolutions want them, and its maps. */
const memoryPerModelByte = 4;

/** An opened detector head. */
export class Detector {
  private readonly grid: Grid;

  private constructor(
    private readonly facts: Looks & { isTuned: boolean },
    private readonly session: InferenceSession,
    /** About what the session takes of memory. */
    readonly sizeBytes: number,
  ) {
    this.grid = gridOf(facts.inputSize);
  }

  /** @param options.threads of one call */
  static async open(parameters: DetectorParameters, options: { threads: number }): Promise<Detector> {
    const { backbone, weights: learned } = parameters;
    const graph = isTuned(learned) ? await backboneGraph(backbones[backbone]) : undefined;
    const weights = graph ? learned : new Map([...(await expansionWeights(backbone)), ...learned]);
    const model = inferenceModel(headNetwork(parameters, { isFolded: true, graph }), weights);
    const tailBytes = graph ? bytesOf(graph.weights) : 0;
    const sizeBytes = memoryPerModelByte * (model.byteLength - tailBytes) + memoryPerTailByte * tailBytes;
    // The numbers are in the session now.
    const facts = { ...shapeOf(parameters), isTuned: graph !== undefined };
    return new Detector(facts, await openSession(model, options.threads), sizeBytes);
  }

  /**
   * Boxes with a score above .02, overlaps of one tag suppressed, each where those that agree with it say, from the highest score
   * down. Scores are not calibrated.
   * @param maps of the plain views, one for each look; a tuned detector needs the finest only
   */
  async detect(
    maps: readonly (readonly Uint16Array[])[],
    suppression: SuppressionOptions = defaultSuppression,
  ): Promise<DetectedBox[]> {
    const looks = looksOf(this.facts);
    const candidates = new Candidates(looks.length * this.grid.cellCount);
    for (const [i, look] of looks.entries()) await this.propose(candidates, look, maps[i] ?? []);
    return candidates.answer(suppression);
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private async propose(candidates: Candidates, look: Look, maps: readonly Uint16Array[]): Promise<void> {
    const { inputSize, isTuned: needsFinestOnly } = this.facts;
    const seen = needsFinestOnly ? maps.slice(0, 1) : maps;
    const outputs = await this.session.run(mapTensors([seen], inputSize));
    const numbers = (name: string): Float32Array => outputs[name]?.data as Float32Array;
    const tags = levels.map((_, l) => numbers(outputName('tags', l)));
    const distances = levels.map((_, l) => numbers(outputName('distances', l)));
    const proposed = proposedBoxes(this.grid, distances, 0);
    const places = new Int32Array(this.grid.cellCount).fill(unplaced);
    const placeOf = (cell: number): number => {
      if (places[cell] === unplaced) {
        const box = fromLook(look, this.boxOf(proposed, cell));
        places[cell] = box ? candidates.addBox(box) : noPlace;
      }
      return places[cell] as number;
    };
    this.grid.levels.forEach(({ side, start }, level) => {
      const [cells, logits] = [side * side, tags[level] as Float32Array];
      for (let tagIndex = 0; tagIndex * cells < logits.length; tagIndex++) {
        const own = logits.subarray(tagIndex * cells, (tagIndex + 1) * cells);
        candidates.propose(tagIndex, own, (i) => placeOf(start + i));
      }
    });
  }

  private boxOf(proposed: Float64Array, cell: number): Box {
    const side = this.facts.inputSize;
    const [left = 0, top = 0, right = 0, bottom = 0] = proposed.subarray(cell * 4, cell * 4 + 4);
    return { left: left / side, top: top / side, width: (right - left) / side, height: (bottom - top) / side };
  }
}
