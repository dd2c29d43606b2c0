import { z } from 'zod';
import { TagType } from '../../schema/enums.ts';
import { id, sha256 } from './contents.ts';

/*
 * What the files of an iteration must look like that come from another server. Whether numbers in them make sense is not
 * asked: nonsense shows in nothing but the copy.
 */
const index = z.number().int().min(0);
const tags = z.array(z.object({ id, name: z.string(), type: z.enum(TagType) })).min(1);
const box = z.object({
  tagIndex: index,
  left: z.number(),
  top: z.number(),
  width: z.number(),
  height: z.number(),
});

const snapshotImage = z.object({
  id,
  projectId: id,
  sha256,
  perceptualHash: z.string(),
  isTest: z.boolean(),
  tagIndexes: z.array(index),
});
const classifierKind = z.enum(['MULTICLASS', 'MULTILABEL']);
export const snapshotShape = z.discriminatedUnion('kind', [
  z.object({ kind: classifierKind, tags, images: z.array(snapshotImage) }),
  z.object({
    kind: z.literal('DETECTION'),
    tags,
    images: z.array(snapshotImage.extend({ regions: z.array(box) })),
  }),
]);

const judged = {
  tags,
  imageIds: z.array(id),
  isTest: z.array(z.boolean()),
  measuredOn: z.enum(['TEST_IMAGES', 'OUT_OF_FOLD']),
};
export const evaluationShape = z.discriminatedUnion('kind', [
  z.object({
    ...judged,
    kind: classifierKind,
    targets: z.array(z.array(index)),
    probabilities: z.instanceof(Float32Array),
  }),
  z.object({
    ...judged,
    kind: z.literal('DETECTION'),
    pictures: z.array(
      z.object({ truth: z.array(box), detected: z.array(box.extend({ probability: z.number() })) }).nullable(),
    ),
  }),
]);
