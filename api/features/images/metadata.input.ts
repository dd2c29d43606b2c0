import { Field, ID, InputType } from 'type-graphql';

export const mostPairs = 10;
export const nameLimits = { min: 1, max: 128 };
export const valueLimits = { max: 256 };

@InputType({ description: 'A name and a value.' })
export class ImageMetadataInput {
  @Field(() => String, { description: 'Name, 1 to 128 characters.' })
  name: string;

  @Field(() => String, { description: 'Value, at most 256 characters.' })
  value: string;
}

@InputType({ description: 'What becomes known of images.' })
export class SetImageMetadataInput {
  @Field(() => [ID], { description: 'Images of one project, at most 64.' })
  imageIds: string[];

  @Field(() => [ImageMetadataInput], {
    description: `At most ${mostPairs} an image. A name that is there already gets the new value; the others stay.`,
  })
  metadata: ImageMetadataInput[];
}

@InputType({ description: 'A condition on what is known of an image.' })
export class MetadataConditionInput {
  @Field(() => String, { description: 'The name.' })
  name: string;

  @Field(() => String, { description: 'The value, letter for letter.' })
  value: string;

  @Field(() => Boolean, {
    defaultValue: true,
    description: 'False: the value must be another one, or the name not be there.',
  })
  isEqual: boolean;
}
