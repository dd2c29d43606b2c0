import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { connectionOf, PageArgs } from '../../connection.ts';
import type { Context } from '../../context.ts';
import { orNull } from '../../lookup.ts';
import { Domain, getDomain } from '../domains/domains.ts';
import { ImageConnection, ImageListArgs } from '../images/image.input.ts';
import { CreateProjectInput, UpdateProjectInput } from './project.input.ts';

const ProjectConnection = connectionOf(Project, 'Project');
const IterationConnection = connectionOf(Iteration, 'Iteration');

@Resolver(() => Project)
export class ProjectResolver {
  @Query(() => ProjectConnection, { description: 'Projects, newest first.' })
  async projects(
    @Args(() => PageArgs) page: PageArgs,
    @Arg('search', () => String, {
      nullable: true,
      description: 'Part of the name, at most 255 characters; not case-sensitive.',
    })
    search: string | null,
    @Ctx() { caller, services }: Context,
  ) {
    return new ProjectConnection(await services.projects.list(caller, page, search));
  }

  @Query(() => Project, { nullable: true, description: 'One project; null when no project has this id.' })
  project(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.projects.get(caller, 'read', id));
  }

  @Mutation(() => Project, { description: 'Creates a project.' })
  createProject(
    @Arg('input', () => CreateProjectInput, { description: 'What to create.' }) input: CreateProjectInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.projects.create(caller, input);
  }

  @Mutation(() => Project, { description: 'Changes the settings of a project.' })
  updateProject(
    @Arg('input', () => UpdateProjectInput, { description: 'What to change.' }) input: UpdateProjectInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.projects.update(caller, input);
  }

  @Mutation(() => ID, {
    description:
      'Permanently deletes a project with its images, models, predictions and keys. Refused during a training; while a model is published, it requires a key that may publish.',
  })
  deleteProject(
    @Arg('id', () => ID, { description: 'The project.' }) id: string,
    @Ctx() { caller, services }: Context,
  ) {
    return services.projects.delete(caller, id);
  }

  @FieldResolver(() => Domain, { description: 'Its domain.' })
  domain(@Root() project: Project): Domain {
    return getDomain(project.domainId);
  }

  @FieldResolver(() => [Tag], { description: 'Its tags, in the order of creation.' })
  tags(@Root() { id }: Project, @Ctx() { loaders }: Context) {
    return loaders.tagsOfProject.load(id);
  }

  @FieldResolver(() => [Publication], { description: 'The names under which its models are published.' })
  publications(@Root() { id }: Project, @Ctx() { loaders }: Context) {
    return loaders.publicationsOfProject.load(id);
  }

  @FieldResolver(() => ImageConnection, { description: 'Its images.' })
  async images(
    @Root() { id }: Project,
    @Args(() => ImageListArgs) args: ImageListArgs,
    @Ctx() { caller, services }: Context,
  ) {
    return new ImageConnection(await services.images.list(caller, id, args));
  }

  @FieldResolver(() => IterationConnection, { description: 'Its iterations, newest first.' })
  async iterations(
    @Root() { id }: Project,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { caller, services }: Context,
  ) {
    return new IterationConnection(await services.training.list(caller, id, page));
  }
}
