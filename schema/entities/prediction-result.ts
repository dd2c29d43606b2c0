import { Field, Float, ID, ObjectType } from 'type-graphql';

@ObjectType({ description: 'Where in the upright image something is, in fractions of its width and height.' })
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

@ObjectType({ description: 'What a model says of one tag.' })
export class PredictionResult {
  @Field(() => ID, { description: 'The tag.' })
  tagId: string;

  @Field(() => String, { description: 'Its name when the model was trained.' })
  tagName: string;

  @Field(() => Float, { description: 'Calibrated probability, 0 to 1.' })
  probability: number;

  @Field(() => Box, { nullable: true, description: 'Where it is; null for classifiers.' })
  box: Box | null;

  @Field(() => String, {
    nullable: true,
    description: 'With explain: the picture overlaid with the regions that speak for the tag, as a PNG data URL.',
  })
  heatmap: string | null;
}
