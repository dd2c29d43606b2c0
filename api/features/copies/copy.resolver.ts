import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root, Subscription } from 'type-graphql';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import type { Context } from '../../context.ts';
import { ImportProgress, ImportProjectInput, ProjectCopyToken } from './copy.input.ts';

@Resolver(() => Project)
export class CopyResolver {
  @Mutation(() => ProjectCopyToken, {
    description:
      'Gives the right to copy a project with its images, tags, regions and COMPLETED iterations to whoever has the token.',
  })
  createCopyToken(
    @Arg('projectId', () => ID, { description: 'The project.' }) projectId: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.copies.createToken(caller, projectId);
  }

  @Mutation(() => Project, {
    description:
      'Makes a copy of a project of this server or another one. It is there at once and fills by and by; see its status.',
  })
  importProject(
    @Arg('input', () => ImportProjectInput, { description: 'What to copy.' }) input: ImportProjectInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.copies.import(caller, input);
  }

  @Mutation(() => Project, { description: 'Ends an import; what has come by then stays. No error when it is over.' })
  cancelImport(
    @Arg('projectId', () => ID, { description: 'The project that is filled.' }) projectId: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.copies.cancel(caller, projectId);
  }

  @Subscription(() => ImportProgress, {
    description: 'The steps of an import, from its beginning or after an event, until it is over.',
    subscribe: ({ args, context }) => {
      const { projectId, after } = args as { projectId: string; after?: string | null };
      const { caller, services } = context as Context;
      return services.copies.follow(caller, projectId, after);
    },
  })
  projectImported(
    @Arg('projectId', () => ID, { description: 'The project that is filled.' }) _projectId: string,
    @Arg('after', () => ID, { nullable: true, description: 'The last event that was seen.' }) _after: string | null,
    @Root() progress: ImportProgress,
  ): ImportProgress {
    return progress;
  }

  @FieldResolver(() => ProjectImport, { nullable: true, description: 'How it came here, if it is a copy; else null.' })
  import(@Root() { id }: Project, @Ctx() { loaders }: Context) {
    return loaders.importOfProject.load(id);
  }
}
