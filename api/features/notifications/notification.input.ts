import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Project } from '../../../schema/entities/project.entity.ts';

@InputType({ description: 'Where to send messages about a project.' })
export class SetNotificationUrlInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { nullable: true, description: 'An http or https URL; null to send no messages.' })
  url?: string | null;
}

@ObjectType({ description: 'A notification URL that has just been set.' })
export class NewNotificationAddress {
  @Field(() => String, {
    nullable: true,
    description:
      'Signs every message; shown only this once. The header Taglens-Signature is t=SECONDS,v1=HEX, where HEX is the HMAC-SHA256 of “SECONDS.BODY”. Null without a URL.',
  })
  secret: string | null;

  @Field(() => Project, { description: 'The project.' })
  project: Project;
}
