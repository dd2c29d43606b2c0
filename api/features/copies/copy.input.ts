import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ProjectStatus } from '../../../schema/enums.ts';

@ObjectType({
  description: 'The right to copy a project, for whoever has the token; and what there is to copy.',
})
export class ProjectCopyToken {
  @Field(() => String, { description: 'Give it to importProject, here or at another server. It is as good as a key.' })
  token: string;

  @Field(() => Date, { description: 'Until when it is good; an import must have ended by then.' })
  expiresAt: Date;

  @Field(() => Int, { description: 'Images.' })
  imageCount: number;

  @Field(() => Int, { description: 'Tags.' })
  tagCount: number;

  @Field(() => Int, { description: 'Regions.' })
  regionCount: number;

  @Field(() => Int, {
    description: 'COMPLETED iterations, which are copied with their models and figures, but not published.',
  })
  iterationCount: number;

  @Field(() => Int, { description: 'Milliseconds that an import takes, roughly, by the number of images.' })
  estimatedImportMs: number;
}

@InputType({ description: 'A project to be copied here.' })
export class ImportProjectInput {
  @Field(() => String, { description: 'Token of createCopyToken, of this server or another one.' })
  token: string;

  @Field(() => String, { nullable: true, description: 'Name of the copy; that of the source by default.' })
  name?: string | null;
}

@ObjectType({ description: 'A step of an import, as it happened.' })
export class ImportProgress {
  @Field(() => ID, { description: 'Give it as `after` to go on from here after a lost connection.' })
  eventId: string;

  @Field(() => ProjectStatus, { description: 'How far the import had come.' })
  status: ProjectStatus;

  @Field(() => Float, { description: 'Share of the work that is done, 0 to 1.' })
  fraction: number;

  @Field(() => String, { description: 'The same in words.' })
  message: string;

  @Field(() => Project, { description: 'The project as it is now.' })
  project: Project;
}
