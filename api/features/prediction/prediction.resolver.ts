import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import type { Context } from '../../context.ts';
import {
  AddPredictionToImagesInput,
  PredictInput,
  PredictionConnection,
  PredictionListArgs,
} from './prediction.input.ts';

@Resolver(() => Prediction)
export class PredictionResolver {
  @Query(() => PredictionConnection, { description: 'Stored predictions of a project.' })
  async predictions(
    @Arg('projectId', () => ID, { description: 'The project.' }) projectId: string,
    @Args(() => PredictionListArgs) args: PredictionListArgs,
    @Ctx() { caller, services }: Context,
  ) {
    return new PredictionConnection(await services.predictions.list(caller, projectId, args));
  }

  @Mutation(() => Prediction, { description: 'Predicts the tags of an image, or the objects in it.' })
  predict(
    @Arg('input', () => PredictInput, { description: 'Which model and which image.' }) input: PredictInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.predictions.predictFromSource(caller, input);
  }

  @Mutation(() => Image, {
    description: 'Turns a stored prediction into an image to train on, with its correct tags or regions.',
  })
  async addPredictionToImages(
    @Arg('input', () => AddPredictionToImagesInput, { description: 'Which prediction.' })
    input: AddPredictionToImagesInput,
    @Ctx() { caller, services }: Context,
  ) {
    return (await services.predictions.addToImages(caller, input)).image;
  }

  @FieldResolver(() => String, { nullable: true, description: 'URL of the image as a JPEG; null when not stored.' })
  imageUrl(@Root() { id, isStored }: Prediction, @Ctx() { services }: Context): string | null {
    return isStored ? services.imageFiles.urlOfPrediction(id) : null;
  }
}
