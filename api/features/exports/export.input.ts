import { Field, Float, ID, InputType, ObjectType } from 'type-graphql';
import { Export } from '../../../schema/entities/export.entity.ts';
import { ExportStatus, ProjectKind } from '../../../schema/enums.ts';

@InputType({ description: 'An export to create.' })
export class ExportIterationInput {
  @Field(() => ID, { description: 'The iteration; it must be COMPLETED and of an exportable domain.' })
  iterationId: string;

  @Field(() => String, { description: 'One of exportPlatforms; not case-sensitive.' })
  platform: string;

  @Field(() => String, { nullable: true, description: 'A flavor of the platform; its default flavor when omitted.' })
  flavor?: string | null;
}

@ObjectType({ description: 'A variant in which a model can be exported for a platform.' })
export class ExportFlavor {
  @Field(() => String, { nullable: true, description: 'Its name; null for the default flavor.' })
  name: string | null;

  @Field(() => String, { description: 'What it is for.' })
  description: string;
}

@ObjectType({ description: 'A platform that models can be exported for. Names are those of Azure Custom Vision.' })
export class ExportPlatform {
  @Field(() => String, { description: 'Its name.' })
  name: string;

  @Field(() => String, { description: 'What it is for.' })
  description: string;

  @Field(() => ProjectKind, { description: 'The kind of project whose models can be exported for it.' })
  kind: ProjectKind;

  @Field(() => [ExportFlavor], { description: 'The variants that are available.' })
  flavors: ExportFlavor[];
}

@ObjectType({ description: 'A step in the progress of an export.' })
export class ExportProgress {
  @Field(() => ID, { description: 'Pass it as `after` to resume from here after a lost connection.' })
  eventId: string;

  @Field(() => ExportStatus, { description: 'Status of the export at this step.' })
  status: ExportStatus;

  @Field(() => Float, { description: 'Fraction of the work that is done, 0 to 1.' })
  fraction: number;

  @Field(() => String, { description: 'Progress in words.' })
  message: string;

  @Field(() => Export, { description: 'The export as it is now.' })
  export: Export;
}
