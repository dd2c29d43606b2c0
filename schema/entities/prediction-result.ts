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

@ObjectType({ description: 'What a model says of one tag, or an object that a detector found.' })
export class PredictionResult {
  @Field(() => ID, { description: 'The tag; of a detector it may come several times.' })
  tagId: string;

  @Field(() => String, { description: 'Its name when the model was trained.' })
  tagName: string;

  @Field(() => Float, { description: 'Calibrated probability, 0 to 1.' })
  probability: number;

  @Field(() => Box, { nullable: true, description: 'Where it is; null for classifiers.' })
  box: Box | null;

  @Field(() => String, {
    nullable: true,
    description: 'With explain, of a classifier: the picture overlaid with what speaks for the tag, as a PNG data URL.',
  })
  heatmap: string | null;
}
