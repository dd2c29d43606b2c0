import { Field, ID, InputType } from 'type-graphql';

export const metadataLimits = { pairs: 50, nameLength: 256, valueLength: 512, conditions: 20, depth: 25 } as const;

@InputType({ description: 'A name and value to set in the metadata of an image.' })
export class ImageMetadataInput {
  @Field(() => String, { description: `Name, 1 to ${metadataLimits.nameLength} characters.` })
  name: string;

  @Field(() => String, {
    nullable: true,
    description: `Value, at most ${metadataLimits.valueLength} characters; null removes the name.`,
  })
  value?: string | null;
}

@InputType({ description: 'Metadata to set on images. Names that are not given stay as they are.' })
export class SetImageMetadataInput {
  @Field(() => [ID], { description: 'Images of one project, at most 64 by default (TAGLENS_MAX_BATCH_SIZE).' })
  imageIds: string[];

  @Field(() => [ImageMetadataInput], {
    description: `Names and values; an image may have at most ${metadataLimits.pairs} names.`,
  })
  metadata: ImageMetadataInput[];
}

@InputType({
  description:
    'A condition on metadata: either name with is or isNot, or allOf, or anyOf. ' +
    `At most ${metadataLimits.conditions} conditions in total, nested at most ${metadataLimits.depth} levels deep.`,
})
export class MetadataFilterInput {
  @Field(() => String, { nullable: true, description: 'The name that is compared.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'The value that the image has under the name.' })
  is?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A value that the image does not have under the name; images without the name match as well.',
  })
  isNot?: string | null;

  @Field(() => [MetadataFilterInput], { nullable: true, description: 'Conditions that must all hold.' })
  allOf?: MetadataFilterInput[] | null;

  @Field(() => [MetadataFilterInput], { nullable: true, description: 'Conditions of which at least one must hold.' })
  anyOf?: MetadataFilterInput[] | null;
}
