import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import { AddImageStatus, ImageOrder, TagMatch } from '../../../schema/enums.ts';
import { connectionOf, PageArgs } from '../../connection.ts';
import { MetadataFilterInput, ImageMetadataInput } from './metadata.input.ts';
import { RegionInput } from '../regions/region.input.ts';

export const ImageConnection = connectionOf(Image, 'Image');

/** A page ends early rather than look at more. */
export const lookedAtForPage = 10_000;
export const maxTagIds = 64;

@InputType({
  description:
    'Which images of a project; omitted conditions do not restrict. ' +
    `For conditions that no index covers, such as search, at most ${lookedAtForPage} images are scanned per page, and fewer for tags combined with other conditions: ` +
    'the page may then be short or empty although hasNextPage is true, and endCursor continues from there.',
})
export class ImageFilterInput {
  @Field(() => Boolean, { nullable: true, description: 'Whether the image has any tag.' })
  isTagged?: boolean | null;

  @Field(() => [ID], { nullable: true, description: `Tags that the image has, at most ${maxTagIds}; see tagMatch.` })
  tagIds?: string[] | null;

  @Field(() => TagMatch, {
    defaultValue: TagMatch.ANY,
    description: 'Whether the image must have any or all of tagIds.',
  })
  tagMatch: TagMatch;

  @Field(() => ID, { nullable: true, description: 'An iteration that was trained on the image.' })
  iterationId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether it is a test image.' })
  isTest?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: 'Part of the file name, at most 255 characters; not case-sensitive.',
  })
  search?: string | null;

  @Field(() => MetadataFilterInput, { nullable: true, description: 'A condition on its metadata.' })
  metadata?: MetadataFilterInput | null;
}

@ArgsType()
export class ImageListArgs extends PageArgs {
  @Field(() => ImageFilterInput, { nullable: true, description: 'Which images.' })
  filter?: ImageFilterInput | null;

  @Field(() => ImageOrder, { defaultValue: ImageOrder.NEWEST, description: 'The order of the list.' })
  orderBy: ImageOrder;
}

@InputType({ description: 'A file to be uploaded.' })
export class UploadFileInput {
  @Field(() => String, { description: 'File name, 1 to 255 characters.' })
  name: string;

  @Field(() => Int, { description: 'Its exact size in bytes.' })
  sizeBytes: number;
}

@InputType({ description: 'A request for upload tickets.' })
export class RequestUploadsInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => [UploadFileInput], {
    description: 'One entry per file, at most 64 by default (TAGLENS_MAX_BATCH_SIZE).',
  })
  files: UploadFileInput[];
}

@InputType({ description: 'Where the bytes of an image come from; exactly one field must be given.' })
export class ImageSourceInput {
  @Field(() => ID, { nullable: true, description: 'An upload ticket whose file has been sent.' })
  uploadId?: string | null;

  @Field(() => String, { nullable: true, description: 'A public http or https URL that the server fetches.' })
  url?: string | null;

  @Field(() => String, { nullable: true, description: 'The bytes as base64, with or without a data: prefix.' })
  base64?: string | null;
}

@InputType({ description: 'One image of a batch.' })
export class NewImageInput {
  @Field(() => ImageSourceInput, { description: 'Where its bytes come from.' })
  source: ImageSourceInput;

  @Field(() => String, { nullable: true, description: 'File name; by default that of the upload or the URL.' })
  name?: string | null;

  @Field(() => [ID], { defaultValue: [], description: 'Its tags, in addition to those of the batch.' })
  tagIds: string[];

  @Field(() => [RegionInput], {
    defaultValue: [],
    description:
      'Its regions, in a detection project; at most 300 by default (TAGLENS_MAX_REGIONS_PER_IMAGE). An image that already exists gets those that it lacks.',
  })
  regions: RegionInput[];

  @Field(() => [ImageMetadataInput], {
    nullable: true,
    description: 'Its metadata, in addition to those of the batch.',
  })
  metadata?: ImageMetadataInput[] | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Makes it a test image: used for measuring and never trained on.',
  })
  isTest: boolean;
}

@InputType({ description: 'A batch of images for one project.' })
export class AddImagesInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => [NewImageInput], { description: 'At most 64 by default (TAGLENS_MAX_BATCH_SIZE).' })
  images: NewImageInput[];

  @Field(() => [ID], { defaultValue: [], description: 'Tags of every image of the batch.' })
  tagIds: string[];

  @Field(() => [ImageMetadataInput], { nullable: true, description: 'Metadata of every image of the batch.' })
  metadata?: ImageMetadataInput[] | null;
}

@InputType({ description: 'Images to mark as test images, or to return to training.' })
export class MarkTestImagesInput {
  @Field(() => [ID], { description: 'Images of one project.' })
  imageIds: string[];

  @Field(() => Boolean, { description: 'Whether they become test images.' })
  isTest: boolean;
}

@InputType({ description: 'Images to delete permanently.' })
export class DeleteImagesInput {
  @Field(() => [ID], { description: 'Images of one project, at most 64 by default (TAGLENS_MAX_BATCH_SIZE).' })
  imageIds: string[];
}

@ObjectType({ description: 'A header to send with an upload.' })
export class UploadHeader {
  @Field(() => String, { description: 'Name.' })
  name: string;

  @Field(() => String, { description: 'Value.' })
  value: string;
}

@ObjectType({
  description:
    'Permission to upload one file: send it as the body of the request described here, then use the id of the ticket in addImages or predict.',
})
export class UploadTicket {
  @Field(() => ID, { description: 'Identifier, used as the uploadId of an image source.' })
  id: string;

  @Field(() => String, { description: 'Where to send the file.' })
  url: string;

  @Field(() => String, { description: 'HTTP method.' })
  method: string;

  @Field(() => [UploadHeader], { description: 'Headers to send.' })
  headers: UploadHeader[];

  @Field(() => Date, { description: 'When the ticket expires.' })
  expiresAt: Date;
}

@ObjectType({ description: 'The result for one image of a batch.' })
export class AddImageResult {
  @Field(() => AddImageStatus, { description: 'Whether the image was stored, was already there, or was refused.' })
  status: AddImageStatus;

  @Field(() => String, {
    nullable: true,
    description: 'Code of the refusal, such as TOO_LARGE; null when the image was accepted.',
  })
  code: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was refused, with the limit and the value.' })
  message: string | null;

  /** Which limit or conflict it was, where its code stands for several. */
  reason: string | null;

  imageId: string | null;
}

@ObjectType({ description: 'The results for a batch, in its order.' })
export class AddImagesPayload {
  @Field(() => [AddImageResult], { description: 'One result per image.' })
  results: AddImageResult[];
}
