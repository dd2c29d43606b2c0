import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { Export } from '../../../schema/entities/export.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import type { Context } from '../../context.ts';
import { orNull } from '../../lookup.ts';
import { Domain } from '../domains/domains.ts';
import { ExportIterationInput, ExportPlatform, ExportProgress } from './export.input.ts';
import { exportPlatforms, platformsOf } from './platforms.ts';

@Resolver(() => Export)
export class ExportResolver {
  @Query(() => [ExportPlatform], { description: 'What models can be exported for.' })
  exportPlatforms(): readonly ExportPlatform[] {
    return exportPlatforms;
  }

  @Query(() => Export, { nullable: true, description: 'One export; null when there is none of this id.' })
  export(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.exports.get(caller, 'read', id));
  }

  @Mutation(() => Export, {
    description:
      'Writes the model of an iteration for use elsewhere. There is one export for each platform and flavor; one that failed, or is outdated, is made anew.',
  })
  exportIteration(
    @Arg('input', () => ExportIterationInput, { description: 'What to export.' }) input: ExportIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.exports.export(caller, input);
  }

  @Subscription(() => ExportProgress, {
    description: 'The steps of an export, from its beginning or after an event, until it is over.',
    subscribe: ({ args, context }) => {
      const { exportId, after } = args as { exportId: string; after?: string | null };
      const { caller, services } = context as Context;
      return services.exports.follow(caller, exportId, after);
    },
  })
  exportProgressed(
    @Arg('exportId', () => ID, { description: 'The export.' }) _exportId: string,
    @Arg('after', () => ID, { nullable: true, description: 'The last event that was seen.' }) _after: string | null,
    @Root() progress: ExportProgress,
  ): ExportProgress {
    return progress;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Where the archive can be fetched by a plain GET without a key, for a day; null while there is none.',
  })
  downloadUrl(@Root() row: Export, @Ctx() { services }: Context): string | null {
    return services.exports.urlOf(row);
  }

  @FieldResolver(() => Boolean, { description: 'Whether exporting it again would give a newer form of it.' })
  isOutdated(@Root() row: Export, @Ctx() { services }: Context): boolean {
    return services.exports.isOutdated(row);
  }
}

@Resolver(() => Iteration)
export class IterationExportsResolver {
  @FieldResolver(() => [Export], { description: 'Its exports, the oldest first.' })
  exports(@Root() { id }: Iteration, @Ctx() { loaders }: Context) {
    return loaders.exportsOfIteration.load(id);
  }

  @FieldResolver(() => [String], {
    description: 'The names of the platforms that its model can be exported for; none unless its domain is exportable.',
  })
  exportableTo(@Root() iteration: Iteration, @Ctx() { services }: Context) {
    return services.exports.platforms(iteration);
  }
}

@Resolver(() => Domain)
export class DomainExportsResolver {
  @FieldResolver(() => [String], { description: 'The names of the platforms that its models can be exported for.' })
  exportableTo(@Root() domain: Domain): string[] {
    return platformsOf(domain);
  }
}
