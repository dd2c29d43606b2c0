import { Field, Float, ID, InputType } from 'type-graphql';

@InputType({ description: 'A box to draw in an image of a detection project, in fractions of the upright image.' })
export class RegionInput {
  @Field(() => ID, { description: 'What is in it: a regular tag of the project.' })
  tagId: string;

  @Field(() => Float, { description: 'Left edge, 0 to 1; up to .001 beyond the image is cut off, more is refused.' })
  left: number;

  @Field(() => Float, { description: 'Top edge, likewise.' })
  top: number;

  @Field(() => Float, { description: 'Width, .001 to 1.' })
  width: number;

  @Field(() => Float, { description: 'Height, .001 to 1.' })
  height: number;
}

@InputType({ description: 'A box to draw, and in which image.' })
export class NewRegionInput extends RegionInput {
  @Field(() => ID, { description: 'The image.' })
  imageId: string;
}

@InputType({ description: 'Boxes to draw.' })
export class AddRegionsInput {
  @Field(() => [NewRegionInput], { description: 'At most 64, in images of one project.' })
  regions: NewRegionInput[];
}

@InputType({ description: 'Changes to a region; what is left out stays.' })
export class RegionChangeInput {
  @Field(() => ID, { description: 'The region.' })
  id: string;

  @Field(() => ID, { nullable: true, description: 'Another regular tag.' })
  tagId?: string | null;

  @Field(() => Float, { nullable: true, description: 'Left edge, 0 to 1.' })
  left?: number | null;

  @Field(() => Float, { nullable: true, description: 'Top edge, 0 to 1.' })
  top?: number | null;

  @Field(() => Float, { nullable: true, description: 'Width, .001 to 1.' })
  width?: number | null;

  @Field(() => Float, { nullable: true, description: 'Height, .001 to 1.' })
  height?: number | null;
}

@InputType({ description: 'Regions to move, resize or tag anew.' })
export class UpdateRegionsInput {
  @Field(() => [RegionChangeInput], { description: 'At most 64, in images of one project; each region once.' })
  regions: RegionChangeInput[];
}
