import { Field, Float, ID, InputType, ObjectType } from 'type-graphql';
import { Export } from '../../../schema/entities/export.entity.ts';
import { ExportStatus, ProjectKind } from '../../../schema/enums.ts';

@InputType({ description: 'An export to make.' })
export class ExportIterationInput {
  @Field(() => ID, { description: 'The iteration; it must be COMPLETED and of an exportable domain.' })
  iterationId: string;

  @Field(() => String, { description: 'One of exportPlatforms, in any letter case.' })
  platform: string;

  @Field(() => String, { nullable: true, description: 'A flavor of the platform; the usual one by default.' })
  flavor?: string | null;
}

@ObjectType({ description: 'One form in which a platform can have a model.' })
export class ExportFlavor {
  @Field(() => String, { nullable: true, description: 'Its name; null for the one that is made when none is named.' })
  name: string | null;

  @Field(() => String, { description: 'What it is for.' })
  description: string;
}

@ObjectType({ description: 'What models can be exported for. Names are those of Azure Custom Vision.' })
export class ExportPlatform {
  @Field(() => String, { description: 'Its name.' })
  name: string;

  @Field(() => String, { description: 'What it is for.' })
  description: string;

  @Field(() => ProjectKind, { description: 'The projects whose models it can have.' })
  kind: ProjectKind;

  @Field(() => [ExportFlavor], { description: 'The forms it comes in.' })
  flavors: ExportFlavor[];
}

@ObjectType({ description: 'A step of an export, as it happened.' })
export class ExportProgress {
  @Field(() => ID, { description: 'Give it as `after` to go on from here after a lost connection.' })
  eventId: string;

  @Field(() => ExportStatus, { description: 'How far the export had come.' })
  status: ExportStatus;

  @Field(() => Float, { description: 'Share of the work that is done, 0 to 1.' })
  fraction: number;

  @Field(() => String, { description: 'The same in words.' })
  message: string;

  @Field(() => Export, { description: 'The export as it is now.' })
  export: Export;
}
