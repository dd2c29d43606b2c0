import { Field, ID, InputType } from 'type-graphql';
import { ClassificationType, ProjectKind } from '../../../schema/enums.ts';

@InputType({ description: 'A new project.' })
export class CreateProjectInput {
  @Field(() => String, { description: 'Name, 1 to 200 characters.' })
  name: string;

  @Field(() => String, { defaultValue: '', description: 'Free text, at most 2000 characters.' })
  description: string;

  @Field(() => ProjectKind, {
    defaultValue: ProjectKind.CLASSIFICATION,
    description: 'What its models answer.',
  })
  kind: ProjectKind;

  @Field(() => ClassificationType, {
    nullable: true,
    description: 'One tag or several per image, MULTICLASS by default; for CLASSIFICATION only.',
  })
  classificationType?: ClassificationType | null;

  @Field(() => ID, { nullable: true, description: 'A domain of this kind; General by default.' })
  domainId?: string | null;
}

@InputType({ description: 'Changes to a project; what is left out stays.' })
export class UpdateProjectInput {
  @Field(() => ID, { description: 'The project.' })
  id: string;

  @Field(() => String, { nullable: true, description: 'Name, 1 to 200 characters.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'Free text, at most 2000 characters.' })
  description?: string | null;

  @Field(() => ID, { nullable: true, description: 'Domain of the trainings from now on, of the project’s kind.' })
  domainId?: string | null;

  @Field(() => ClassificationType, {
    nullable: true,
    description:
      'MULTICLASS is refused while an image has several tags, and any change during an import; for CLASSIFICATION only.',
  })
  classificationType?: ClassificationType | null;
}
