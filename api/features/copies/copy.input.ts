import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ProjectStatus } from '../../../schema/enums.ts';

@ObjectType({
  description: 'The right to copy a project, for whoever has the token, and what there is to copy.',
})
export class ProjectCopyToken {
  @Field(() => String, {
    description: 'Pass it to importProject, on this server or another one. Keep it as secret as a key.',
  })
  token: string;

  @Field(() => Date, { description: 'When the token expires; the import must have finished by then.' })
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

  @Field(() => Int, {
    description: 'Rough duration of an import in milliseconds, estimated from the number of images.',
  })
  estimatedImportMs: number;
}

@InputType({ description: 'A project to copy to this server.' })
export class ImportProjectInput {
  @Field(() => String, { description: 'Token from createCopyToken on this server or another one.' })
  token: string;

  @Field(() => String, { nullable: true, description: 'Name of the copy; the name of the source by default.' })
  name?: string | null;
}

@ObjectType({ description: 'A step in the progress of an import.' })
export class ImportProgress {
  @Field(() => ID, { description: 'Pass it as `after` to resume from here after a lost connection.' })
  eventId: string;

  @Field(() => ProjectStatus, { description: 'Status of the import at this step.' })
  status: ProjectStatus;

  @Field(() => Float, { description: 'Fraction of the work that is done, 0 to 1.' })
  fraction: number;

  @Field(() => String, { description: 'Progress in words.' })
  message: string;

  @Field(() => Project, { description: 'The project as it is now.' })
  project: Project;
}
