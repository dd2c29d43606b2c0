import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Box } from '../../../schema/entities/prediction-result.ts';

@ObjectType({ description: 'A box that may deserve a region, whatever it contains.' })
export class RegionProposal {
  @Field(() => Box, { description: 'Where it is.' })
  box: Box;

  @Field(() => Float, {
    description:
      '0 to 1. For a box found by a detector, its probability; otherwise the share of the contrast in the image that it accounts for, which is small for most boxes.',
  })
  confidence: number;

  @Field(() => ID, {
    nullable: true,
    description: 'The detector that found it; null when it only stands out in the image.',
  })
  iterationId: string | null;
}
