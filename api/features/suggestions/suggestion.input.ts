import { ArgsType, Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import { SuggestionOrder } from '../../../schema/enums.ts';
import { connectionOf, PageArgs } from '../../connection.ts';
import { maxTagIds } from '../images/image.input.ts';

export const SuggestionConnection = connectionOf(Suggestion, 'Suggestion');

/** What is less probable than this is in the results of a suggestion, but not found by its tag. */
export const leastSuggested = 0.01;

@InputType({ description: 'Images to suggest tags for, and the model to use.' })
export class SuggestTagsInput {
  @Field(() => ID, { description: 'A COMPLETED iteration.' })
  iterationId: string;

  @Field(() => [ID], {
    nullable: true,
    description:
      'Images of its project. When omitted: untagged images without a suggestion from this iteration, oldest first, except those ' +
      'whose file is missing or cannot be read.',
  })
  imageIds?: string[] | null;

  @Field(() => Int, {
    defaultValue: 64,
    description: 'Maximum number of images when imageIds is omitted; 1 to 64 by default (TAGLENS_MAX_BATCH_SIZE).',
  })
  first: number;
}

@InputType({ description: 'Which suggestions of an iteration; omitted conditions do not restrict.' })
export class SuggestionFilterInput {
  @Field(() => [ID], { nullable: true, description: `Tags of which at least one is suggested; at most ${maxTagIds}.` })
  tagIds?: string[] | null;

  @Field(() => Float, {
    nullable: true,
    description: `Probability from which a tag counts as suggested, 0 to 1; values below ${leastSuggested} count as ${leastSuggested}.`,
  })
  threshold?: number | null;
}

@ArgsType()
export class SuggestionListArgs extends PageArgs {
  @Field(() => SuggestionFilterInput, { nullable: true, description: 'Which suggestions.' })
  filter?: SuggestionFilterInput | null;

  @Field(() => SuggestionOrder, { defaultValue: SuggestionOrder.MOST_UNCERTAIN, description: 'The order of the list.' })
  orderBy: SuggestionOrder;
}

@InputType({ description: 'Suggestions to accept.' })
export class AcceptSuggestionsInput {
  @Field(() => [ID], { description: 'Suggestions of one project, at most 64 by default (TAGLENS_MAX_BATCH_SIZE).' })
  suggestionIds: string[];

  @Field(() => Float, {
    defaultValue: 0.5,
    description: 'Probability from which a tag, or a box of a detector, is accepted, 0 to 1.',
  })
  threshold: number;

  @Field(() => [ID], { nullable: true, description: 'The only tags to accept; all when omitted.' })
  tagIds?: string[] | null;
}

@ObjectType({ description: 'How many images a tag is suggested for.' })
export class SuggestedTagCount {
  @Field(() => Int, { description: 'Images.' })
  imageCount: number;

  tagId: string;
}
