import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Box } from '../../../schema/entities/prediction-result.ts';

@ObjectType({ description: 'A box that might be worth a region, whatever is in it.' })
export class RegionProposal {
  @Field(() => Box, { description: 'Where it is.' })
  box: Box;

  @Field(() => Float, {
    description:
      '0 to 1. Of a box of a detector its probability; else how much of all difference in the picture it accounts for, which is small for most.',
  })
  confidence: number;

  @Field(() => ID, { nullable: true, description: 'The detector that found it; null when it just stands out.' })
  iterationId: string | null;
}
