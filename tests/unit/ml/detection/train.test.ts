import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderSamples } from '../../../../samples/render.ts';
import { backboneGraph } from '../../../../workers/ml/backbones/backbone-graph.ts';
import { openBackbone, type Backbone } from '../../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../../workers/ml/backbones/registry.ts';
import { iou, type Box } from '../../../../workers/ml/detection/boxes.ts';
import { uncalibrated } from '../../../../workers/ml/detection/calibration.ts';
import type { DetectorModel } from '../../../../workers/ml/detection/detector-package.ts';
import { isTuned } from '../../../../workers/ml/detection/expansion.ts';
import { openDetector, predictBoxes } from '../../../../workers/ml/detection/predict-boxes.ts';
import { detectorRecipe } from '../../../../workers/ml/detection/recipe.ts';
import { shapeOf } from '../../../../workers/ml/detection/shape.ts';
import { trainDetector, type DetectorTraining } from '../../../../workers/ml/detection/train.ts';
import { readViewPack, writeViewPack } from '../../../../workers/ml/detection/view-pack.ts';
import { PictureSet, renderViews, viewVersion, type TrainingPicture } from '../../../../workers/ml/detection/views.ts';
import { openTrunk } from '../../../../workers/ml/fine-tuning/trunk.ts';
import { readCheckpoint, writeCheckpoint } from '../../../../workers/ml/trainer/checkpoint.ts';
import type { TrainingStep } from '../../../../workers/ml/trainer/pacing.ts';
import { readModelPackage, sha256, writeModelPackage } from '../../../../workers/ml/model-package.ts';

const tags = ['stop', 'yield'];
const inputSize = 128;
const pictureCount = 16;
const hourMs = 3_600_000;

describe('a detector of road signs', () => {
  let backbone: Backbone;
  const jpegs: Buffer[] = [];
  const pictures: TrainingPicture[] = [];
  const packs: Buffer[] = [];
  let training: DetectorTraining;

  beforeAll(async () => {
    backbone = await openBackbone(backbones['efficientnet-lite0']);
    for await (const { tag, jpeg, boxes } of renderSamples({ perTag: pictureCount / 2, seed: 3, size: 256 })) {
      if (!tags.includes(tag)) continue;
      const load = () => Promise.resolve(jpeg);
      const own = boxes.map(({ left, top, width, height }) => ({ left, top, width, height }));
      pictures.push({ fold: 0, load, boxes: own.map((box) => ({ ...box, tagIndex: tags.indexOf(tag) })) });
      jpegs.push(jpeg);
    }
    const plan = { mode: 'QUICK' as const, inputSize, isTiled: false, imageCount: pictureCount, partMinutes: null };
    const recipe = { ...detectorRecipe(plan), viewsPerImage: 6, steps: 150, averageDecay: 0.9, tuning: null };
    const set = new PictureSet(pictures);
    for (const i of pictures.keys()) packs.push(await renderViews(backbone, set, i, recipe, 1));
    const loadViews = (picture: number) => Promise.resolve(packs[picture] as Buffer);
    const members = [...pictures.keys()];
    training = { loadViews, members, tagCount: tags.length, recipe, seed: 1, threads: 1, budgetMs: Infinity };
  });
  afterAll(() => backbone.release());

  async function packed(detail: Partial<DetectorTraining>): Promise<Uint8Array> {
    const { weights, ...learned } = await trainDetector({ ...training, ...detail });
    const model: DetectorModel = {
      ...shapeOf(learned),
      kind: 'DETECTION',
      viewVersion,
      tags: tags.map((tag, i) => ({ id: `t${i}`, name: tag, type: 'REGULAR' })),
      calibration: uncalibrated,
      suppression: { iouThreshold: 0.45, maxBoxes: 200 },
      weights,
    };
    return writeModelPackage(model);
  }

  it('finds the signs, from its package alone', async () => {
    const losses: number[] = [];
    const bytes = await packed({ onStep: ({ loss }) => losses.push(loss) });
    expect(losses).toHaveLength(150);
    const mean = (part: number[]): number => part.reduce((sum, loss) => sum + loss, 0) / part.length;
    expect(mean(losses.slice(-20))).toBeLessThan(mean(losses.slice(0, 20)) / 2);

    const model = readModelPackage(bytes);
    expect(sha256(writeModelPackage(model))).toBe(sha256(bytes));
    const detector = await openDetector(model as DetectorModel, { threads: 1 });
    let found = 0;
    for (const [i, jpeg] of jpegs.entries()) {
      const [first] = await predictBoxes(backbone, detector, jpeg);
      const truth = pictures[i]?.boxes[0];
      if (first && truth && first.tagIndex === truth.tagIndex && iou(first, truth) > 0.5) found++;
    }
    await detector.head.release();
    expect(found).toBeGreaterThan(0.8 * jpegs.length);
  });

  it('becomes the same after a break, whatever it had taken until then', async () => {
    const recipe = { ...training.recipe, heads: 2, steps: 12, fewestSteps: 1, checkpointSteps: 5 };
    const checkpoints = new Map<number, Buffer>();
    const whole = await packed({
      recipe,
      onCheckpoint: (state) => Promise.resolve(void checkpoints.set(readCheckpoint(state).pace.step, state)),
    });
    expect([...checkpoints.keys()]).toEqual([5, 10, 12]);
    const steps: number[] = [];
    const { pace, trainer } = readCheckpoint(checkpoints.get(5) as Buffer);
    const checkpoint = writeCheckpoint({ ...pace, spentMs: 100 * hourMs }, trainer);
    const resumed = await packed({ recipe, checkpoint, budgetMs: hourMs, onStep: ({ step }) => steps.push(step) });
    expect(steps).toEqual([6, 7, 8, 9, 10, 11, 12]);
    expect(sha256(resumed)).toBe(sha256(whole));
    expect(sha256(await packed({ recipe, seed: 2 }))).not.toBe(sha256(whole));
  });

  it('learns with its backbone after its heads, the same after a break in either', async () => {
    const tuning = { steps: 5, fewestSteps: 0, batchSize: 4, learningRate: 3e-4 };
    const recipe = { ...training.recipe, steps: 7, checkpointSteps: 4, tuning };
    const checkpoints: Buffer[] = [];
    const told: TrainingStep[] = [];
    const onCheckpoint = (state: Buffer) => Promise.resolve(void checkpoints.push(state));
    const whole = await packed({ recipe, onCheckpoint, onStep: (step) => told.push(step) });
    expect(checkpoints.map((state) => readCheckpoint(state).pace.step)).toEqual([4, 7, 11, 12]);
    expect(told.map(({ step, steps }) => [step, steps])).toEqual(told.map((_, i) => [i + 1, 12]));
    for (const checkpoint of checkpoints)
      expect(sha256(await packed({ recipe, checkpoint })), readCheckpoint(checkpoint).pace.step.toString()).toBe(
        sha256(whole),
      );
    expect(isTuned((readModelPackage(whole) as DetectorModel).weights)).toBe(true);
    expect(sha256(await packed({ recipe: { ...recipe, tuning: null } }))).not.toBe(sha256(whole));
  });

  it('looks at nothing but the pictures as they are when the varied part of its tuning is over', async () => {
    const recipeOf = (variedShare: number) => ({
      ...training.recipe,
      steps: 4,
      checkpointSteps: 4,
      tuning: { steps: 4, fewestSteps: 0, batchSize: 4, learningRate: 3e-4, variedShare },
    });
    const states: Buffer[] = [];
    await packed({ recipe: recipeOf(0), onCheckpoint: (state) => Promise.resolve(void states.push(state)) });
    const [afterHeads] = states;
    const notANumber = 0x7e00;
    const loadViews = (picture: number): Promise<Buffer> => {
      const { views, ...rest } = readViewPack(Buffer.from(packs[picture] as Buffer));
      for (const { maps } of views.slice(1)) for (const map of maps) map.fill(notANumber);
      return Promise.resolve(writeViewPack({ ...rest, views }));
    };
    const goOn = (variedShare: number, changes: { isMirrored?: boolean } = {}) =>
      packed({ recipe: { ...recipeOf(variedShare), ...changes }, loadViews, checkpoint: afterHeads as Buffer });
    expect(isTuned((readModelPackage(await goOn(0)) as DetectorModel).weights)).toBe(true);
    await expect(goOn(0.5)).rejects.toThrow('The training diverged');
    await expect(goOn(0, { isMirrored: true }), 'the second view is a look, too').rejects.toThrow('diverged');
  });

  it('leaves its backbone as it is when the heads take the time, unless it has to learn in any case', async () => {
    const tuning = { steps: 150, fewestSteps: 0, batchSize: 4, learningRate: 3e-4 };
    const recipe = { ...training.recipe, steps: 8, fewestSteps: 8, checkpointSteps: 4, tuning };
    const model = readModelPackage(await packed({ recipe, budgetMs: 1 })) as DetectorModel;
    expect(isTuned(model.weights)).toBe(false);

    const steps: number[] = [];
    const inAnyCase = { ...recipe, tuning: { ...tuning, fewestSteps: 6 } };
    const onStep = ({ step }: TrainingStep) => steps.push(step);
    const tuned = readModelPackage(await packed({ recipe: inAnyCase, budgetMs: 1, onStep })) as DetectorModel;
    expect(isTuned(tuned.weights)).toBe(true);
    expect(steps).toHaveLength(8 + 6);
  });

  it('says the same from the trunk of a backbone that did not move as from the whole of it', async () => {
    const recipe = { ...training.recipe, steps: 30 };
    const model = readModelPackage(await packed({ recipe })) as DetectorModel;
    const { weights: tail } = await backboneGraph(backbones['efficientnet-lite0']);
    const still = { ...model, weights: new Map([...model.weights, ...tail]) };
    const options = { threads: 1 };
    const [frozen, tuned] = [await openDetector(model, options), await openDetector(still, options)];
    const trunk = await openTrunk(backbones['efficientnet-lite0']);
    const jpeg = jpegs[0] as Buffer;
    const [expected, found, fromWhole] = [
      await predictBoxes(backbone, frozen, jpeg),
      await predictBoxes(trunk, tuned, jpeg),
      await predictBoxes(backbone, tuned, jpeg),
    ];
    expect(found.length).toBeGreaterThan(0);
    expect(fromWhole).toEqual(found);
    // Between the levels, the one rounds maps to half precision and the other does not.
    expect(found[0]?.probability).toBeCloseTo(expected[0]?.probability ?? NaN, 2);
    expect(iou(found[0] as Box, expected[0] as Box)).toBeGreaterThan(0.95);
    for (const { head } of [frozen, tuned]) await head.release();
    await trunk.release();
  });

  it('has fewer steps when the time is short, but not fewer than it needs', async () => {
    const steps: TrainingStep[] = [];
    const recipe = { ...training.recipe, steps: 40, fewestSteps: 8, checkpointSteps: 5 };
    await trainDetector({ ...training, recipe, budgetMs: 1, onStep: (step) => steps.push(step) });
    expect(steps.map((step) => step.steps)).toEqual([40, 40, 40, 40, 40, 8, 8, 8]);
    expect(steps.at(-1)?.learningRate).toBeLessThan(recipe.learningRate / 3);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const onStep = ({ step }: { step: number }) => (step === 3 ? stop.abort(new Error('enough')) : undefined);
    await expect(trainDetector({ ...training, onStep, signal: stop.signal })).rejects.toThrow('enough');
  });
});
