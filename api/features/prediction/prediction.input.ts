import { ArgsType, Field, ID, InputType } from 'type-graphql';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { PredictionOrder } from '../../../schema/enums.ts';
import { connectionOf, PageArgs } from '../../connection.ts';
import { ImageMetadataInput } from '../images/metadata.input.ts';
import { RegionInput } from '../regions/region.input.ts';
import { ImageSourceInput } from '../images/image.input.ts';

export const PredictionConnection = connectionOf(Prediction, 'Prediction');

@InputType({
  description: 'A request for a prediction: by published name, or by iteration to try it before publishing.',
})
export class PredictInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { nullable: true, description: 'Published name; alternatively iterationId.' })
  publishedName?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'A COMPLETED iteration, for keys that may also read the project; alternatively publishedName.',
  })
  iterationId?: string | null;

  @Field(() => ImageSourceInput, { description: 'The image.' })
  image: ImageSourceInput;

  @Field(() => String, {
    nullable: true,
    description: 'Name of the calling application, at most 255 characters; stored with the prediction.',
  })
  application?: string | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether to store the image and the answer, for 30 days by default (TAGLENS_PREDICTION_RETENTION_DAYS).',
  })
  store: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether to draw a heat map for the most probable tags; no effect on detectors, whose boxes show where.',
  })
  explain: boolean;
}

@ArgsType()
export class PredictionListArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only predictions of this iteration.' })
  iterationId?: string | null;

  @Field(() => String, { nullable: true, description: 'Only predictions under this published name.' })
  publishedName?: string | null;

  @Field(() => PredictionOrder, { defaultValue: PredictionOrder.NEWEST, description: 'The order of the list.' })
  orderBy: PredictionOrder;
}

@InputType({ description: 'A stored prediction that becomes an image to train on.' })
export class AddPredictionToImagesInput {
  @Field(() => ID, { description: 'The stored prediction.' })
  predictionId: string;

  @Field(() => [ID], { defaultValue: [], description: 'Its correct tags, in a classification project.' })
  tagIds: string[];

  @Field(() => [RegionInput], {
    defaultValue: [],
    description: 'Its correct regions, in a detection project; at most 300 by default (TAGLENS_MAX_REGIONS_PER_IMAGE).',
  })
  regions: RegionInput[];

  @Field(() => [ImageMetadataInput], { nullable: true, description: 'Metadata of the image.' })
  metadata?: ImageMetadataInput[] | null;
}
