import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import type { Context } from '../../context.ts';
import { orNull } from '../../lookup.ts';
import { CreateTagInput, UpdateTagInput } from './tag.input.ts';

@Resolver(() => Tag)
export class TagResolver {
  @Query(() => Tag, { nullable: true, description: 'One tag; null when no tag has this id.' })
  tag(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.tags.get(caller, 'read', id));
  }

  @Mutation(() => Tag, { description: 'Creates a tag.' })
  createTag(
    @Arg('input', () => CreateTagInput, { description: 'What to create.' }) input: CreateTagInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.tags.create(caller, input);
  }

  @Mutation(() => Tag, { description: 'Changes the name or description of a tag.' })
  updateTag(
    @Arg('input', () => UpdateTagInput, { description: 'What to change.' }) input: UpdateTagInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.tags.update(caller, input);
  }

  @Mutation(() => ID, {
    description:
      'Deletes a tag permanently and removes it from its images, which stay; in a detection project its regions are deleted too. ' +
      'The imageCount of the tag tells beforehand how many images have it. Requires a key of the role TRAINER or OWNER. Returns the id.',
  })
  deleteTag(@Arg('id', () => ID, { description: 'The tag.' }) id: string, @Ctx() { caller, services }: Context) {
    return services.tags.delete(caller, id);
  }
}
