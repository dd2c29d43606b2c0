import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import type { Context } from '../../context.ts';
import { PublishIterationInput } from './publishing.input.ts';

@Resolver(() => Publication)
export class PublishingResolver {
  @Mutation(() => Publication, { description: 'Lets an iteration answer predictions under a name, at once.' })
  publishIteration(
    @Arg('input', () => PublishIterationInput, { description: 'What to publish.' }) input: PublishIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.publishing.publish(caller, input);
  }

  @Mutation(() => ID, { description: 'Takes a published name back, at once; the iteration stays.' })
  unpublish(
    @Arg('publicationId', () => ID, { description: 'The publication.' }) publicationId: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.publishing.unpublish(caller, publicationId);
  }

  @FieldResolver(() => Iteration, { nullable: true, description: 'The iteration that answers.' })
  iteration(@Root() { iterationId }: Publication, @Ctx() { loaders }: Context) {
    return loaders.iteration.load(iterationId);
  }
}
