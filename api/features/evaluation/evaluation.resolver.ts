import { Arg, Args, Ctx, FieldResolver, Float, ID, Resolver, Root } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import type { Context } from '../../context.ts';
import { ImageResult, ImageResultArgs, ImageResultConnection } from './image-result.output.ts';
import { ConfusionMatrix, CurvePoint, overlapText, Performance } from './performance.output.ts';

const thresholdText = 'Probability from which a tag counts as predicted, 0 to 1.';

@Resolver(() => Iteration)
export class EvaluationResolver {
  @FieldResolver(() => Performance, { nullable: true, description: 'Its quality; null until it is COMPLETED.' })
  performance(
    @Root() iteration: Iteration,
    @Arg('threshold', () => Float, { defaultValue: 0.5, description: thresholdText }) threshold: number,
    @Arg('overlapThreshold', () => Float, { defaultValue: 0.3, description: overlapText }) overlapThreshold: number,
    @Ctx() { services }: Context,
  ) {
    return services.evaluation.performance(iteration, { threshold, overlapThreshold });
  }

  @FieldResolver(() => ConfusionMatrix, {
    nullable: true,
    description: 'Which tags are mistaken for which; null until it is COMPLETED.',
  })
  confusionMatrix(
    @Root() iteration: Iteration,
    @Arg('threshold', () => Float, { defaultValue: 0.5, description: thresholdText }) threshold: number,
    @Arg('overlapThreshold', () => Float, { defaultValue: 0.3, description: overlapText }) overlapThreshold: number,
    @Ctx() { services }: Context,
  ) {
    return services.evaluation.confusionMatrix(iteration, { threshold, overlapThreshold });
  }

  @FieldResolver(() => [CurvePoint], {
    nullable: true,
    description: 'Precision and recall of a tag at every threshold, in at most 500 points; null until it is COMPLETED.',
  })
  precisionRecallCurve(
    @Root() iteration: Iteration,
    @Arg('tagId', () => ID, { description: 'The tag.' }) tagId: string,
    @Arg('overlapThreshold', () => Float, { defaultValue: 0.3, description: overlapText }) overlapThreshold: number,
    @Ctx() { services }: Context,
  ) {
    return services.evaluation.curve(iteration, tagId, overlapThreshold);
  }

  @FieldResolver(() => ImageResultConnection, {
    description:
      'Its answer for each image that it was not trained on, the worst mistakes first; empty until it is COMPLETED.',
  })
  async imageResults(
    @Root() iteration: Iteration,
    @Args(() => ImageResultArgs) args: ImageResultArgs,
    @Ctx() { services }: Context,
  ) {
    return new ImageResultConnection(await services.evaluation.imageResults(iteration, args));
  }
}

@Resolver(() => ImageResult)
export class ImageResultResolver {
  @FieldResolver(() => Image, { nullable: true, description: 'The image; null when it has since been deleted.' })
  image(@Root() { imageId }: ImageResult, @Ctx() { loaders }: Context) {
    return loaders.image.load(imageId);
  }
}
