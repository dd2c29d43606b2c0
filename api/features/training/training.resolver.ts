import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { TrainingCurvePoint } from '../../../schema/entities/training-curve-point.ts';
import type { Context } from '../../context.ts';
import { orNull } from '../../lookup.ts';
import { IterationProgress, RenameIterationInput, TrainingProgress, TrainIterationInput } from './training.input.ts';

@Resolver(() => Iteration)
export class TrainingResolver {
  @Query(() => Iteration, { nullable: true, description: 'One iteration; null when no iteration has this id.' })
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
    description: 'Cancels a training; it ends as CANCELLED and leaves nothing behind.',
  })
  cancelIteration(
    @Arg('id', () => ID, { description: 'The iteration.' }) id: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.cancel(caller, id);
  }

  @Mutation(() => Iteration, { description: 'Renames an iteration.' })
  renameIteration(
    @Arg('input', () => RenameIterationInput, { description: 'Its new name.' }) input: RenameIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.rename(caller, input);
  }

  @Mutation(() => ID, { description: 'Deletes an iteration and its model. Refused while it is training or published.' })
  deleteIteration(
    @Arg('id', () => ID, { description: 'The iteration.' }) id: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.training.delete(caller, id);
  }

  @Subscription(() => IterationProgress, {
    description: 'Progress of a training, from its beginning or from an event, until it ends.',
    subscribe: ({ args, context }) => {
      const { iterationId, after } = args as { iterationId: string; after?: string | null };
      return (context as Context).services.progress(context as Context, iterationId, after);
    },
  })
  iterationProgressed(
    @Arg('iterationId', () => ID, { description: 'The iteration.' }) _iterationId: string,
    @Arg('after', () => ID, { nullable: true, description: 'The `eventId` of the last event received.' })
    _after: string | null,
    @Root() progress: IterationProgress,
  ): IterationProgress {
    return progress;
  }

  @FieldResolver(() => TrainingProgress, { description: 'Progress of the training.' })
  progress(@Root() { phase, fraction, message }: Iteration): TrainingProgress {
    return { phase, fraction, message };
  }

  @FieldResolver(() => [TrainingCurvePoint], {
    description: 'The course of gradient descent, at most 200 points, part by part; empty for trainings without it.',
  })
  trainingCurve(@Root() { trainingCurve }: Iteration): TrainingCurvePoint[] {
    return trainingCurve ?? [];
  }

  @FieldResolver(() => [Publication], { description: 'The names under which it is published.' })
  publications(@Root() { id }: Iteration, @Ctx() { loaders }: Context) {
    return loaders.publicationsOfIteration.load(id);
  }
}
