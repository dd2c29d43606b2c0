import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import type { Context } from '../../context.ts';
import {
  AcceptSuggestionsInput,
  SuggestedTagCount,
  SuggestionConnection,
  SuggestionFilterInput,
  SuggestionListArgs,
  SuggestTagsInput,
} from './suggestion.input.ts';

@Resolver(() => Suggestion)
export class SuggestionResolver {
  @Query(() => SuggestionConnection, {
    description: 'Suggestions from an iteration for images that still have no tags; kept for 30 days.',
  })
  async suggestions(
    @Arg('iterationId', () => ID, { description: 'The iteration.' }) iterationId: string,
    @Args(() => SuggestionListArgs) args: SuggestionListArgs,
    @Ctx() { caller, services }: Context,
  ) {
    return new SuggestionConnection(await services.suggestions.list(caller, iterationId, args));
  }

  @Query(() => [SuggestedTagCount], {
    description:
      'For how many images an iteration suggests each tag of its project, or only the tags of the filter if it names any.',
  })
  suggestedTagCounts(
    @Arg('iterationId', () => ID, { description: 'The iteration.' }) iterationId: string,
    @Arg('filter', () => SuggestionFilterInput, { nullable: true, description: 'Which suggestions to count.' })
    filter: SuggestionFilterInput | null,
    @Ctx() { caller, services }: Context,
  ) {
    return services.suggestions.countByTag(caller, iterationId, filter);
  }

  @Mutation(() => [Suggestion], {
    description:
      'Asks a model for the tags of images, or for the objects in them, and keeps the answers for images without tags; ' +
      'they replace earlier suggestions from the same iteration.',
  })
  suggestTags(
    @Arg('input', () => SuggestTagsInput, { description: 'Which images and which model.' }) input: SuggestTagsInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.suggestions.suggest(caller, input);
  }

  @Mutation(() => [Image], {
    description:
      'Applies what is suggested with enough probability to the images, all or none: the most probable tag in a MULTICLASS project, ' +
      'every such tag in a MULTILABEL one, every such box in a DETECTION one. Returns the images that were changed; untagImages, or in a DETECTION project removeRegions by imageIds, undoes it.',
  })
  acceptSuggestions(
    @Arg('input', () => AcceptSuggestionsInput, { description: 'Which suggestions.' }) input: AcceptSuggestionsInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.suggestions.accept(caller, input);
  }

  @FieldResolver(() => Image, { nullable: true, description: 'The image; null when it has just been deleted.' })
  image(@Root() { imageId }: Suggestion, @Ctx() { loaders }: Context) {
    return loaders.image.load(imageId);
  }
}

@Resolver(() => SuggestedTagCount)
export class SuggestedTagCountResolver {
  @FieldResolver(() => Tag, { nullable: true, description: 'The tag; null when it has just been deleted.' })
  tag(@Root() { tagId }: SuggestedTagCount, @Ctx() { loaders }: Context) {
    return loaders.tag.load(tagId);
  }
}
