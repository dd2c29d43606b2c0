import { Field, ID, InputType } from 'type-graphql';
import { TagType } from '../../../schema/enums.ts';

@InputType({ description: 'A new tag.' })
export class CreateTagInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { description: 'Name, 1 to 128 characters, unique in the project.' })
  name: string;

  @Field(() => String, { defaultValue: '', description: 'Free text, at most 2000 characters.' })
  description: string;

  @Field(() => TagType, { defaultValue: TagType.REGULAR, description: 'NEGATIVE means “none of these”.' })
  type: TagType;
}

@InputType({ description: 'Changes to a tag; omitted fields stay as they are.' })
export class UpdateTagInput {
  @Field(() => ID, { description: 'The tag.' })
  id: string;

  @Field(() => String, { nullable: true, description: 'Name, 1 to 128 characters, unique in the project.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'Free text, at most 2000 characters.' })
  description?: string | null;
}

@InputType({ description: 'Which tags to add to, or remove from, which images.' })
export class TagImagesInput {
  @Field(() => [ID], { description: 'Images of one project.' })
  imageIds: string[];

  @Field(() => [ID], { description: 'Tags of that project.' })
  tagIds: string[];
}
