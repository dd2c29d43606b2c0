import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { TrainingCurvePoint } from '../../../schema/entities/training-curve-point.ts';
import type { Context } from '../../context.ts';
import { orNull } from '../../lookup.ts';
import { IterationProgress, RenameIterationInput, TrainingProgress, TrainIterationInput } from './training.input.ts';

@Resolver(() => Iteration)
export class TrainingResolver {
  @Query(() => Iteration, { nullable: true, description: 'One iteration; null when there is none of this id.' })
  iteration(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.training.get(caller, 'read', id));
  }

  @Mutation(() => Iteration, { description: 'Trains a new iteration on the current images and tags.' })
  trainIteration(
    @Arg('input', () => TrainIterationInput, { description: 'What to train.' }) input: TrainIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.train(caller, input);
  }

  @Mutation(() => Iteration, {
    description: 'Asks a training to stop; it ends as CANCELLED and leaves nothing behind.',
  })
  cancelIteration(
    @Arg('id', () => ID, { description: 'The iteration.' }) id: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.cancel(caller, id);
  }

  @Mutation(() => Iteration, { description: 'Gives an iteration another name.' })
  renameIteration(
    @Arg('input', () => RenameIterationInput, { description: 'Its new name.' }) input: RenameIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.rename(caller, input);
  }

  @Mutation(() => ID, { description: 'Deletes an iteration with its model. Refused while it trains or is published.' })
  deleteIteration(
    @Arg('id', () => ID, { description: 'The iteration.' }) id: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.delete(caller, id);
  }

  @Subscription(() => IterationProgress, {
    description: 'The steps of a training, from its beginning or after an event, until it is over.',
    subscribe: ({ args, context }) => {
      const { iterationId, after } = args as { iterationId: string; after?: string | null };
      return (context as Context).services.progress(context as Context, iterationId, after);
    },
  })
  iterationProgressed(
    @Arg('iterationId', () => ID, { description: 'The iteration.' }) _iterationId: string,
    @Arg('after', () => ID, { nullable: true, description: 'The last event that was seen.' }) _after: string | null,
    @Root() progress: IterationProgress,
  ): IterationProgress {
    return progress;
  }

  @FieldResolver(() => TrainingProgress, { description: 'How far the training has come.' })
  progress(@Root() { phase, fraction, message }: Iteration): TrainingProgress {
    return { phase, fraction, message };
  }

  @FieldResolver(() => [TrainingCurvePoint], {
    description: 'How gradient descent went, up to 200 points part by part; empty for trainings without it.',
  })
  trainingCurve(@Root() { trainingCurve }: Iteration): TrainingCurvePoint[] {
    return trainingCurve ?? [];
  }

  @FieldResolver(() => [Publication], { description: 'The names under which it answers.' })
  publications(@Root() { id }: Iteration, @Ctx() { loaders }: Context) {
    return loaders.publicationsOfIteration.load(id);
  }
}
