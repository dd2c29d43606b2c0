import { renderFarSigns } from '../../samples/render.ts';
import type { BoxedPhoto } from '../../cli/boxed-photos.ts';
import { casesOf, type QualitySection, type Trial } from './case.ts';
import { measureInProduct } from './product.ts';
import { detectorFigures, measureDetector } from './trained-detector.ts';

interface Way extends Trial {
  domainId: string;
  isTiled: boolean;
  inputSize?: number;
}

const general = 'da2e3a8a-40a5-4171-82f4-58522f70fbc1';
const shelves = '3780a898-81c3-4516-81ae-3a139614e1f3';
const set = 'signs far away';
const [trainingCount, testCount, sizePx] = [30, 16, 960];
const seeds = [1];

const ways: Way[] = [
  { set, labels: ['whole, 320'], domainId: general, isTiled: false, seeds },
  { set, labels: ['tiled, 320'], domainId: general, isTiled: true, seeds },
  { set, labels: ['whole, 512'], domainId: shelves, isTiled: false, seeds },
  { set, labels: ['whole, 640'], domainId: shelves, isTiled: false, inputSize: 640, seeds },
];

/** Those for testing are rendered from another seed. */
async function render(): Promise<BoxedPhoto[]> {
  const training = await renderFarSigns({ count: trainingCount, seed: 31, size: sizePx });
  const test = await renderFarSigns({ count: testCount, seed: 32, size: sizePx });
  const photoOf = (isTest: boolean) => (photo: (typeof test)[number]) => ({
    ...photo,
    isTest,
    read: () => Promise.resolve(photo.jpeg),
  });
  return [...training.map(photoOf(false)), ...test.map(photoOf(true))];
}

export const smallObjects: QualitySection = {
  title: 'Detectors of small objects',
  text:
    `Rendered photographs of ${sizePx} pixels with nine road signs each, 4 to 8 % of the side: ${trainingCount} to train on (QUICK), ${testCount} others to ` +
    'test. 512 pixels is the input of the domain Products on Shelves, 640 the largest (`inputSize`); they cost a prediction 2.6 and 4 times the work of General, tiling (`isTiled`) five times.',
  labels: ['set', 'how'],
  figures: detectorFigures,
  cases: casesOf('small-objects', ways, render, (photos, { domainId, isTiled, inputSize }, chosen, settings) =>
    measureInProduct(chosen, settings, (client, seed) =>
      measureDetector(client, { name: `${seed}`, domainId, photos }, { mode: 'QUICK', seed, isTiled, inputSize }),
    ),
  ),
};
