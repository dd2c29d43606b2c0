import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root, Subscription } from 'type-graphql';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import type { Context } from '../../context.ts';
import { ImportProgress, ImportProjectInput, ProjectCopyToken } from './copy.input.ts';

@Resolver(() => Project)
export class CopyResolver {
  @Mutation(() => ProjectCopyToken, {
    description:
      'Creates a token that gives its holder the right to copy a project with its images, tags, regions and COMPLETED iterations.',
  })
  createCopyToken(
    @Arg('projectId', () => ID, { description: 'The project.' }) projectId: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.copies.createToken(caller, projectId);
  }

  @Mutation(() => Project, {
    description:
      'Copies a project of this server or another one. The copy exists immediately and fills in the background; see its status.',
  })
  importProject(
    @Arg('input', () => ImportProjectInput, { description: 'What to copy.' }) input: ImportProjectInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.copies.import(caller, input);
  }

  @Mutation(() => Project, {
    description: 'Stops an import; what was already copied stays. Not an error if the import has already ended.',
  })
  cancelImport(
    @Arg('projectId', () => ID, { description: 'The project that is being filled.' }) projectId: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.copies.cancel(caller, projectId);
  }

  @Subscription(() => ImportProgress, {
    description: 'Progress of an import, from its beginning or from an event, until it ends.',
    subscribe: ({ args, context }) => {
      const { projectId, after } = args as { projectId: string; after?: string | null };
      const { caller, services } = context as Context;
      return services.copies.follow(caller, projectId, after);
    },
  })
  projectImported(
    @Arg('projectId', () => ID, { description: 'The project that is being filled.' }) _projectId: string,
    @Arg('after', () => ID, { nullable: true, description: 'The `eventId` of the last event received.' })
    _after: string | null,
    @Root() progress: ImportProgress,
  ): ImportProgress {
    return progress;
  }

  @FieldResolver(() => ProjectImport, {
    nullable: true,
    description: 'How it was copied to this server; null if it is not a copy.',
  })
  import(@Root() { id }: Project, @Ctx() { loaders }: Context) {
    return loaders.importOfProject.load(id);
  }
}
