import { Field, ID, InputType } from 'type-graphql';

export const metadataLimits = { pairs: 10, nameLength: 128, valueLength: 256, conditions: 20, depth: 25 } as const;

@InputType({ description: 'Something to note about an image.' })
export class ImageMetadataInput {
  @Field(() => String, { description: `Name, 1 to ${metadataLimits.nameLength} characters.` })
  name: string;

  @Field(() => String, {
    nullable: true,
    description: `Value, at most ${metadataLimits.valueLength} characters; null takes the name away.`,
  })
  value?: string | null;
}

@InputType({ description: 'What to note about images. Names that are left out stay as they are.' })
export class SetImageMetadataInput {
  @Field(() => [ID], { description: 'Images of one project, at most 64.' })
  imageIds: string[];

  @Field(() => [ImageMetadataInput], { description: `An image has at most ${metadataLimits.pairs} names.` })
  metadata: ImageMetadataInput[];
}

@InputType({
  description:
    'A condition on metadata: name with is or isNot, or else allOf, or else anyOf. ' +
    `At most ${metadataLimits.conditions} conditions altogether, nested at most ${metadataLimits.depth} deep.`,
})
export class MetadataFilterInput {
  @Field(() => String, { nullable: true, description: 'The name that is compared.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'The value that the image has under the name.' })
  is?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A value that the image does not have under the name; one without the name meets this too.',
  })
  isNot?: string | null;

  @Field(() => [MetadataFilterInput], { nullable: true, description: 'Conditions that all have to hold.' })
  allOf?: MetadataFilterInput[] | null;

  @Field(() => [MetadataFilterInput], { nullable: true, description: 'Conditions of which one is enough.' })
  anyOf?: MetadataFilterInput[] | null;
}
