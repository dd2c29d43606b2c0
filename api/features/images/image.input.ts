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
    'Which images of a project; conditions that are left out do not restrict. ' +
    `No more than ${lookedAtForPage} images are looked at for a page whose conditions no index tells, such as search, and fewer for tags with other conditions: ` +
    'it may then be short or empty although hasNextPage is true, and endCursor goes on from there.',
})
export class ImageFilterInput {
  @Field(() => Boolean, { nullable: true, description: 'Whether it has any tag.' })
  isTagged?: boolean | null;

  @Field(() => [ID], { nullable: true, description: `Tags that it has, at most ${maxTagIds}; see tagMatch.` })
  tagIds?: string[] | null;

  @Field(() => TagMatch, { defaultValue: TagMatch.ANY, description: 'Whether one of tagIds is enough.' })
  tagMatch: TagMatch;

  @Field(() => ID, { nullable: true, description: 'An iteration in whose training it took part.' })
  iterationId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether it is kept for measuring.' })
  isTest?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: 'Part of the file name, at most 255 characters, letter case ignored.',
  })
  search?: string | null;

  @Field(() => MetadataFilterInput, { nullable: true, description: 'What its metadata say.' })
  metadata?: MetadataFilterInput | null;
}

@ArgsType()
export class ImageListArgs extends PageArgs {
  @Field(() => ImageFilterInput, { nullable: true, description: 'Which images.' })
  filter?: ImageFilterInput | null;

  @Field(() => ImageOrder, { defaultValue: ImageOrder.NEWEST, description: 'In which order.' })
  orderBy: ImageOrder;
}

@InputType({ description: 'A file that is going to be uploaded.' })
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

  @Field(() => [UploadFileInput], { description: 'One entry a file, at most 64.' })
  files: UploadFileInput[];
}

@InputType({ description: 'Where the bytes of an image come from: exactly one of the fields.' })
export class ImageSourceInput {
  @Field(() => ID, { nullable: true, description: 'An upload ticket whose file has been sent.' })
  uploadId?: string | null;

  @Field(() => String, { nullable: true, description: 'A public http or https address, fetched by the server.' })
  url?: string | null;

  @Field(() => String, { nullable: true, description: 'The bytes as base64, with or without a data: prefix.' })
  base64?: string | null;
}

@InputType({ description: 'One image of a batch.' })
export class NewImageInput {
  @Field(() => ImageSourceInput, { description: 'Where its bytes come from.' })
  source: ImageSourceInput;

  @Field(() => String, { nullable: true, description: 'File name; by default that of the upload or the address.' })
  name?: string | null;

  @Field(() => [ID], { defaultValue: [], description: 'Its tags, besides those of the batch.' })
  tagIds: string[];

  @Field(() => [RegionInput], {
    defaultValue: [],
    description:
      'What is where in it, in a detection project, at most 300; a picture that is there already gets those it lacks.',
  })
  regions: RegionInput[];

  @Field(() => [ImageMetadataInput], {
    nullable: true,
    description: 'What is noted about it, besides what the batch has.',
  })
  metadata?: ImageMetadataInput[] | null;

  @Field(() => Boolean, { defaultValue: false, description: 'Keeps it for measuring: never trained on.' })
  isTest: boolean;
}

@InputType({ description: 'A batch of images for one project.' })
export class AddImagesInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => [NewImageInput], { description: 'At most 64.' })
  images: NewImageInput[];

  @Field(() => [ID], { defaultValue: [], description: 'Tags of every image of the batch.' })
  tagIds: string[];

  @Field(() => [ImageMetadataInput], { nullable: true, description: 'What is noted about every image of the batch.' })
  metadata?: ImageMetadataInput[] | null;
}

@InputType({ description: 'Images to keep for measuring, or to give back to training.' })
export class MarkTestImagesInput {
  @Field(() => [ID], { description: 'Images of one project.' })
  imageIds: string[];

  @Field(() => Boolean, { description: 'Whether they are kept for measuring.' })
  isTest: boolean;
}

@InputType({ description: 'Images to delete for good.' })
export class DeleteImagesInput {
  @Field(() => [ID], { description: 'Images of one project, at most 64.' })
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
    'Leave to upload one file: send it as the body of the request described here, then name the ticket in addImages or predict.',
})
export class UploadTicket {
  @Field(() => ID, { description: 'Identifier; the uploadId of an image source.' })
  id: string;

  @Field(() => String, { description: 'Where to send the file.' })
  url: string;

  @Field(() => String, { description: 'HTTP method.' })
  method: string;

  @Field(() => [UploadHeader], { description: 'Headers to send.' })
  headers: UploadHeader[];

  @Field(() => Date, { description: 'Until when the ticket is good.' })
  expiresAt: Date;
}

@ObjectType({ description: 'What became of one image of a batch.' })
export class AddImageResult {
  @Field(() => AddImageStatus, { description: 'Stored, known already, or refused.' })
  status: AddImageStatus;

  @Field(() => String, { nullable: true, description: 'Kind of refusal, such as TOO_LARGE; null when all is well.' })
  code: string | null;

  @Field(() => String, { nullable: true, description: 'Why, with the limit and the value.' })
  message: string | null;

  /** Which limit or conflict it was, where its code stands for several. */
  reason: string | null;

  imageId: string | null;
}

@ObjectType({ description: 'What became of a batch, in its order.' })
export class AddImagesPayload {
  @Field(() => [AddImageResult], { description: 'One result an image.' })
  results: AddImageResult[];
}
