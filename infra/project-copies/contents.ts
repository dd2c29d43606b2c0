import { z } from 'zod';
import { ClassificationType, ProjectKind, TagType } from '../../schema/enums.ts';

const id = z.uuid().toLowerCase();
const fraction = z.number().min(0).max(1);

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
  imageCount: z.number().int().min(0),
});
export type ProjectContents = z.infer<typeof contentsShape>;

const imageShape = z.object({
  id,
  name: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  isTest: z.boolean(),
  tagIds: z.array(id),
  regions: z.array(z.object({ tagId: id, left: fraction, top: fraction, width: fraction, height: fraction })),
  metadata: z.record(z.string().max(128), z.string().max(256)),
});
export type CopiedImage = z.infer<typeof imageShape>;

/** Images in the order of their ids. */
export const pageShape = z.object({
  images: z.array(imageShape).max(200),
  /** Null: there are no more. */
  next: id.nullable(),
});
export type CopiedPage = z.infer<typeof pageShape>;

/** A project that is copied, wherever it is. Every method may throw `CopyRefused`. */
export interface CopySource {
  contents(): Promise<ProjectContents>;
  /** @param after the last image of the page before, null for the first page */
  images(after: string | null): Promise<CopiedPage>;
  /** The bytes as they were uploaded; null when the image was deleted meanwhile. */
  original(imageId: string): Promise<Buffer | null>;
}

/** The source will not be read, and asking again does not help. */
export class CopyRefused extends Error {
  readonly nonRetryable = true;

  constructor(message: string) {
    super(message);
    this.name = 'CopyRefused';
  }
}
