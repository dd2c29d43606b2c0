import { Field, Float, ID, InputType, Int } from 'type-graphql';
import { defaultSuppression } from '../../../workers/ml/detection/boxes.ts';

/** More boxes than this are noise, and would not fit into a stored prediction. */
export const mostBoxes = 200;

/** Maximum length of a published name, in characters. */
export const longestName = 128;

@InputType({ description: 'A trained iteration to publish.' })
export class PublishIterationInput {
  @Field(() => ID, { description: 'The iteration; it must be COMPLETED.' })
  iterationId: string;

  @Field(() => String, {
    description:
      `Published name, 1 to ${longestName} characters; it is part of the prediction URL, percent-encoded. ` +
      'No leading or trailing blanks, no control characters, and not “.” or “..”.',
  })
  name: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether a name that is already in use moves to this iteration, without a failed request in between.',
  })
  overwrite: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The prediction resource, at most 512 characters; stored for Azure clients, no effect here.',
  })
  resourceId?: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'For detectors: a box that overlaps a more probable one of its tag by more than this (IoU, 0 to 1) is suppressed. ' +
      `By default what the name had when it is overwritten, ${defaultSuppression.iouThreshold} for a new one.`,
  })
  iouThreshold?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      `For detectors: most boxes in an answer, 1 to ${mostBoxes}; the most probable are kept. ` +
      `By default what the name had when it is overwritten, ${defaultSuppression.maxBoxes} for a new one.`,
  })
  maxBoxes?: number | null;
}
