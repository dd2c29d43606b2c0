import { expect, it } from 'vitest';
import { IdList } from '../../../infra/storage/id-list.ts';
import type { DetectionSnapshot } from '../../../schema/contracts/training.ts';
import { newId } from '../../../schema/id.ts';
import { translateIteration } from '../../../workers/activities/translated-iteration.ts';
import {
  writeDetectionEvaluation,
  type DetectionEvaluation,
} from '../../../workers/ml/detection-evaluation/evaluation-file.ts';
import { readEvaluation } from '../../../workers/ml/evaluation-file.ts';
import { readModelPackage, writeModelPackage } from '../../../workers/ml/model-package.ts';
import { UnusableModel } from '../../../workers/ml/usable-model.ts';
import { doubtfulDetector } from '../../integration/api/doubtful-detector.ts';

const [cat, dog] = [newId(), newId()];
const [first, second] = [newId(), newId()];
const hashes = ['a'.repeat(64), 'b'.repeat(64)] as const;
const tags = [
  { id: cat, name: 'cat', type: 'REGULAR' as const },
  { id: dog, name: 'dog', type: 'REGULAR' as const },
];
const box = { tagIndex: 1, left: 0.25, top: 0.25, width: 0.5, height: 0.5 };
const about = { projectId: newId(), perceptualHash: '00', isTest: false };
const snapshot: DetectionSnapshot = {
  kind: 'DETECTION',
  tags,
  images: [
    { ...about, id: first, sha256: hashes[0], tagIndexes: [1], regions: [box] },
    { ...about, id: second, sha256: hashes[1], tagIndexes: [], regions: [] },
  ],
};
const evaluation: DetectionEvaluation = {
  kind: 'DETECTION',
  tags,
  imageIds: [first, second],
  isTest: [false, false],
  measuredOn: 'OUT_OF_FOLD',
  pictures: [{ truth: [box], detected: [{ ...box, probability: 0.75 }] }, null],
};
const model = doubtfulDetector(tags);
const files = {
  snapshot: Buffer.from(JSON.stringify(snapshot)),
  model: Buffer.from(writeModelPackage(model)),
  evaluation: writeDetectionEvaluation(evaluation),
};

// In the copy the second image came first, and «dog» was deleted at the source since the training.
const own = { projectId: newId(), cat: newId(), second: newId(), first: newId() };
const translation = {
  projectId: own.projectId,
  tagIds: { [cat]: own.cat },
  imageIds: new Map<string, string>([
    [hashes[0], own.first],
    [hashes[1], own.second],
  ]),
};

it('a detector names the tags and images of its copy, and is the same otherwise', async () => {
  const translated = await translateIteration(files, [cat, dog], translation);
  const ownModel = readModelPackage(translated.model);
  const ownDog = ownModel.tags[1]?.id ?? '';
  const ownTags = [
    { ...tags[0], id: own.cat },
    { ...tags[1], id: ownDog },
  ];
  expect([cat, dog, own.cat]).not.toContain(ownDog);
  expect(ownModel).toEqual({ ...model, tags: ownTags });
  expect(readEvaluation(translated.evaluation)).toEqual({
    ...evaluation,
    tags: ownTags,
    imageIds: [own.first, own.second],
  });
  const { projectId } = own;
  expect(JSON.parse(translated.snapshot.toString())).toEqual({
    kind: 'DETECTION',
    tags: ownTags,
    images: [
      { ...snapshot.images[1], id: own.second, projectId },
      { ...snapshot.images[0], id: own.first, projectId },
    ],
  });
  expect(new IdList(translated.snapshotImages).slice(0, 2)).toEqual([own.second, own.first]);
  expect(translated.tagIds).toEqual([own.cat, ownDog].sort());
});

it('an image that is not in the copy gets an id that is not that of the source', async () => {
  const { evaluation: bytes } = await translateIteration(files, null, { ...translation, imageIds: new Map() });
  for (const id of readEvaluation(bytes).imageIds) expect([first, second]).not.toContain(id);
});

it('refuses files of another shape, and models that could not predict', async () => {
  const { images } = snapshot;
  const wrong = [
    { ...files, snapshot: Buffer.from(JSON.stringify({ ...snapshot, images: [{ ...images[0], id: '../x' }] })) },
    { ...files, model: files.model.subarray(0, -4) },
    { ...files, evaluation: writeDetectionEvaluation({ ...evaluation, measuredOn: 'NOTHING' as 'OUT_OF_FOLD' }) },
  ];
  for (const one of wrong) await expect(translateIteration(one, null, translation)).rejects.toThrow();
  const old = { ...files, model: Buffer.from(writeModelPackage({ ...model, viewVersion: 'old' })) };
  await expect(translateIteration(old, null, translation)).rejects.toThrow(UnusableModel);
});
