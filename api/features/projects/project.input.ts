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
    description: 'Whether its models classify images or detect objects.',
  })
  kind: ProjectKind;

  @Field(() => ClassificationType, {
    nullable: true,
    description: 'Whether an image has one tag or several; MULTICLASS by default; for CLASSIFICATION only.',
  })
  classificationType?: ClassificationType | null;

  @Field(() => ID, { nullable: true, description: 'A domain for this kind of project; General by default.' })
  domainId?: string | null;
}

@InputType({ description: 'Changes to a project; omitted fields stay as they are.' })
export class UpdateProjectInput {
  @Field(() => ID, { description: 'The project.' })
  id: string;

  @Field(() => String, { nullable: true, description: 'Name, 1 to 200 characters.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'Free text, at most 2000 characters.' })
  description?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Domain for future trainings; it must be for the kind of the project.',
  })
  domainId?: string | null;

  @Field(() => ClassificationType, {
    nullable: true,
    description:
      'MULTICLASS is refused while an image has several tags, and any change is refused during an import; for CLASSIFICATION only.',
  })
  classificationType?: ClassificationType | null;
}
