import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import type { Context } from '../../context.ts';
import { PublishIterationInput } from './publishing.input.ts';

@Resolver(() => Publication)
export class PublishingResolver {
  @Mutation(() => Publication, { description: 'Publishes an iteration under a name, effective immediately.' })
  publishIteration(
    @Arg('input', () => PublishIterationInput, { description: 'What to publish.' }) input: PublishIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.publishing.publish(caller, input);
  }

  @Mutation(() => ID, { description: 'Withdraws a published name, effective immediately; the iteration stays.' })
  unpublish(
    @Arg('publicationId', () => ID, { description: 'The publication.' }) publicationId: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.publishing.unpublish(caller, publicationId);
  }

  @FieldResolver(() => Iteration, { nullable: true, description: 'The published iteration.' })
  iteration(@Root() { iterationId }: Publication, @Ctx() { loaders }: Context) {
    return loaders.iteration.load(iterationId);
  }
}
