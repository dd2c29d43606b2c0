import { Field, ID, InputType } from 'type-graphql';

@InputType({ description: 'A trained iteration to publish.' })
export class PublishIterationInput {
  @Field(() => ID, { description: 'The iteration; it must be COMPLETED.' })
  iterationId: string;

  @Field(() => String, {
    description: 'Published name, 1 to 128 letters, digits, «.», «_» and «-»; a part of the address that predicts.',
  })
  name: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether a name that is taken moves to this iteration, with no failed request in between.',
  })
  overwrite: boolean;
}
