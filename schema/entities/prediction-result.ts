import { Field, Float, ID, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A box in the upright image, in fractions of its width and height.' })
export class Box {
  @Field(() => Float, { description: 'Left edge, 0 to 1.' })
  left: number;

  @Field(() => Float, { description: 'Top edge, 0 to 1.' })
  top: number;

  @Field(() => Float, { description: 'Width, 0 to 1.' })
  width: number;

  @Field(() => Float, { description: 'Height, 0 to 1.' })
  height: number;
}

@ObjectType({ description: 'A tag with its probability, or an object that a detector found.' })
export class PredictionResult {
  @Field(() => ID, { description: 'The tag; with a detector, several results may have the same tag.' })
  tagId: string;

  @Field(() => String, { description: 'Its name when the model was trained.' })
  tagName: string;

  @Field(() => Float, { description: 'Calibrated probability, 0 to 1.' })
  probability: number;

  @Field(() => Box, { nullable: true, description: 'Where it is; null for classifiers.' })
  box: Box | null;

  @Field(() => String, {
    nullable: true,
    description:
      'With explain, for a classifier: the image overlaid with the areas that speak for the tag, as a PNG data URL.',
  })
  heatmap: string | null;
}
