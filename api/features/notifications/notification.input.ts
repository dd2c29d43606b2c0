import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Project } from '../../../schema/entities/project.entity.ts';

@InputType({ description: 'Where to send messages about a project.' })
export class SetNotificationUrlInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { nullable: true, description: 'An http or https address; null: send none.' })
  url?: string | null;
}

@ObjectType({ description: 'A notification address that was set just now.' })
export class NewNotificationAddress {
  @Field(() => String, {
    nullable: true,
    description:
      'Signs every message; shown this once. Taglens-Signature is t=SECONDS,v1=HEX, the HMAC-SHA256 of «SECONDS.BODY». Null without an address.',
  })
  secret: string | null;

  @Field(() => Project, { description: 'The project.' })
  project: Project;
}
