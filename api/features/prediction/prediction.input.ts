import { ArgsType, Field, ID, InputType } from 'type-graphql';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { PredictionOrder } from '../../../schema/enums.ts';
import { connectionOf, PageArgs } from '../../connection.ts';
import { ImageMetadataInput } from '../images/metadata.input.ts';
import { RegionInput } from '../regions/region.input.ts';
import { ImageSourceInput } from '../images/image.input.ts';

export const PredictionConnection = connectionOf(Prediction, 'Prediction');

@InputType({ description: 'A question to a model: by published name, or by iteration to try it before publishing.' })
export class PredictInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { nullable: true, description: 'Published name; or give iterationId.' })
  publishedName?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'A COMPLETED iteration, for a key that may read the project too; or give publishedName.',
  })
  iterationId?: string | null;

  @Field(() => ImageSourceInput, { description: 'The picture.' })
  image: ImageSourceInput;

  @Field(() => String, {
    nullable: true,
    description: 'Which application asks, at most 255 characters; kept with the answer to find it by.',
  })
  application?: string | null;

  @Field(() => Boolean, { defaultValue: false, description: 'Whether to keep picture and answer for a while.' })
  store: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether to draw a heat map for the most probable tags; without effect on detectors, whose boxes say where.',
  })
  explain: boolean;
}

@ArgsType()
export class PredictionListArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only answers of this iteration.' })
  iterationId?: string | null;

  @Field(() => String, { nullable: true, description: 'Only answers under this published name.' })
  publishedName?: string | null;

  @Field(() => PredictionOrder, { defaultValue: PredictionOrder.NEWEST, description: 'In which order.' })
  orderBy: PredictionOrder;
}

@InputType({ description: 'A stored prediction that becomes an image to train on.' })
export class AddPredictionToImagesInput {
  @Field(() => ID, { description: 'The stored prediction.' })
  predictionId: string;

  @Field(() => [ID], { defaultValue: [], description: 'Its right tags, in a classification project.' })
  tagIds: string[];

  @Field(() => [RegionInput], {
    defaultValue: [],
    description: 'What really is where, in a detection project; at most 300.',
  })
  regions: RegionInput[];

  @Field(() => [ImageMetadataInput], { nullable: true, description: 'What is noted about the picture.' })
  metadata?: ImageMetadataInput[] | null;
}
