import { Field, Float, ID, InputType } from 'type-graphql';

@InputType({ description: 'A region to draw in an image of a detection project, in fractions of the upright image.' })
export class RegionInput {
  @Field(() => ID, { description: 'Its tag, a regular tag of the project.' })
  tagId: string;

  @Field(() => Float, {
    description: 'Left edge, 0 to 1; a box may extend beyond the image by up to 0.001, which is cut off.',
  })
  left: number;

  @Field(() => Float, { description: 'Top edge, 0 to 1, with the same tolerance.' })
  top: number;

  @Field(() => Float, { description: 'Width, 0.001 to 1.' })
  width: number;

  @Field(() => Float, { description: 'Height, 0.001 to 1.' })
  height: number;
}

@InputType({ description: 'A region to draw, and in which image.' })
export class NewRegionInput extends RegionInput {
  @Field(() => ID, { description: 'The image.' })
  imageId: string;
}

@InputType({ description: 'Regions to draw.' })
export class AddRegionsInput {
  @Field(() => [NewRegionInput], {
    description: 'Regions in images of one project, at most 64 by default (TAGLENS_MAX_BATCH_SIZE).',
  })
  regions: NewRegionInput[];
}

@InputType({ description: 'Changes to a region; omitted fields stay as they are.' })
export class RegionChangeInput {
  @Field(() => ID, { description: 'The region.' })
  id: string;

  @Field(() => ID, { nullable: true, description: 'Another regular tag.' })
  tagId?: string | null;

  @Field(() => Float, { nullable: true, description: 'Left edge, 0 to 1.' })
  left?: number | null;

  @Field(() => Float, { nullable: true, description: 'Top edge, 0 to 1.' })
  top?: number | null;

  @Field(() => Float, { nullable: true, description: 'Width, 0.001 to 1.' })
  width?: number | null;

  @Field(() => Float, { nullable: true, description: 'Height, 0.001 to 1.' })
  height?: number | null;
}

@InputType({ description: 'Regions to move, resize or retag.' })
export class UpdateRegionsInput {
  @Field(() => [RegionChangeInput], {
    description: 'Regions in images of one project, each at most once; at most 64 by default (TAGLENS_MAX_BATCH_SIZE).',
  })
  regions: RegionChangeInput[];
}
