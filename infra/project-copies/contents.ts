import { z } from 'zod';
import { ClassificationType, ProjectKind, TagType, TrainingMode } from '../../schema/enums.ts';

export const id = z.uuid().toLowerCase();
const fraction = z.number().min(0).max(1);
const count = z.number().int().min(0);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a copy begins with. Read from another server, which is not to be trusted with its shape. */
export const contentsShape = z.object({
  format: z.literal(1),
  project: z.object({
    name: z.string(),
    description: z.string(),
    kind: z.enum(ProjectKind),
    classificationType: z.enum(ClassificationType).nullable(),
    domainId: z.string(),
    exportPlatforms: z.array(z.string().max(32)).max(20).nullable(),
  }),
  /** In the order in which they were made. */
  tags: z.array(z.object({ id, name: z.string(), description: z.string(), type: z.enum(TagType) })),
  imageCount: count,
  /** Those that are COMPLETED. */
  iterationCount: count,
});
export type ProjectContents = z.infer<typeof contentsShape>;

const imageShape = z.object({
  id,
  name: z.string(),
  sha256,
  isTest: z.boolean(),
  tagIds: z.array(id),
  regions: z.array(z.object({ tagId: id, left: fraction, top: fraction, width: fraction, height: fraction })),
  /** A character may take two units. */
  metadata: z.record(z.string().max(2 * 256), z.string().max(2 * 512)),
});
export type CopiedImage = z.infer<typeof imageShape>;

/** Images in the order of their ids. */
export const pageShape = z.object({
  images: z.array(imageShape).max(200),
  /** Null: there are no more. */
  next: id.nullable(),
});
export type CopiedPage = z.infer<typeof pageShape>;

/** What an iteration has in the storage that is copied. */
export const iterationFiles = ['snapshot', 'model', 'evaluation'] as const;
export type IterationFile = (typeof iterationFiles)[number];

const comparedFigures = z.object({ accuracy: fraction, logLoss: z.number() });
const iterationShape = z.object({
  id,
  name: z.string().max(255),
  mode: z.enum(TrainingMode),
  backbone: z.string().max(32),
  domainId: id.nullable(),
  budgetMinutes: count.nullable(),
  inputSize: count.nullable(),
  isTiled: z.boolean(),
  tagIds: z.array(id).nullable(),
  seed: z.number().int(),
  imageCount: count,
  warnings: z.array(z.string()),
  trainingCurve: z
    .array(
      z.object({
        part: count,
        step: count,
        steps: count,
        loss: z.number(),
        learningRate: z.number(),
        heldOut: z.number().nullable(),
      }),
    )
    .nullable(),
  comparison: z
    .object({ imageCount: count, quick: comparedFigures, advanced: comparedFigures, kept: z.enum(TrainingMode) })
    .nullable(),
  createdAt: z.coerce.date(),
  trainedAt: z.coerce.date().nullable(),
  /** Hash of each file; null when it does not exist. */
  hashes: z.record(z.enum(iterationFiles), sha256.nullable()),
});
/** An iteration that is COMPLETED. */
export type CopiedIteration = z.infer<typeof iterationShape>;

type IterationFacts = Omit<CopiedIteration, 'hashes'>;

/** What is copied of an iteration's row. */
export function factsOf(row: IterationFacts): IterationFacts {
  const { id, name, mode, backbone, domainId, budgetMinutes, inputSize, isTiled, tagIds, seed } = row;
  const { imageCount, warnings, trainingCurve, comparison, createdAt, trainedAt } = row;
  const recipe = { mode, backbone, domainId, budgetMinutes, inputSize, isTiled, tagIds, seed };
  return { id, name, ...recipe, imageCount, warnings, trainingCurve, comparison, createdAt, trainedAt };
}

export const nextIterationShape = z.object({ iteration: iterationShape.nullable() });

/** A project that is copied, wherever it is. Every method may throw `CopyRefused`. */
export interface CopySource {
  contents(): Promise<ProjectContents>;
  /** @param after the last image of the page before, null for the first page */
  images(after: string | null): Promise<CopiedPage>;
  /** The bytes as they were uploaded; null when the image was deleted meanwhile. */
  original(imageId: string): Promise<Buffer | null>;
  /**
   * The next COMPLETED iteration in the order of the ids; null: there are no more.
   * @param after the one before, null for the first
   */
  iteration(after: string | null): Promise<CopiedIteration | null>;
  /** The bytes as they are stored; null when the iteration was deleted meanwhile. */
  iterationFile(iterationId: string, file: IterationFile): Promise<Buffer | null>;
}

/** The source will not be read, and asking again does not help. */
export class CopyRefused extends Error {
  readonly nonRetryable = true;

  constructor(message: string) {
    super(message);
    this.name = 'CopyRefused';
  }
}
