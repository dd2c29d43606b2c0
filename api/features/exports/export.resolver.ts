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
  @Query(() => [ExportPlatform], { description: 'The platforms that models can be exported for.' })
  exportPlatforms(): readonly ExportPlatform[] {
    return exportPlatforms;
  }

  @Query(() => Export, { nullable: true, description: 'One export; null when no export has this id.' })
  export(@Arg('id', () => ID, { description: 'Its id.' }) id: string, @Ctx() { caller, services }: Context) {
    return orNull(services.exports.get(caller, 'read', id));
  }

  @Mutation(() => Export, {
    description:
      'Exports the model of an iteration for use elsewhere. There is one export per platform and flavor; a failed or outdated one is replaced.',
  })
  exportIteration(
    @Arg('input', () => ExportIterationInput, { description: 'What to export.' }) input: ExportIterationInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.exports.export(caller, input);
  }

  @Subscription(() => ExportProgress, {
    description: 'Progress of an export, from its beginning or from an event, until it ends.',
    subscribe: ({ args, context }) => {
      const { exportId, after } = args as { exportId: string; after?: string | null };
      const { caller, services } = context as Context;
      return services.exports.follow(caller, exportId, after);
    },
  })
  exportProgressed(
    @Arg('exportId', () => ID, { description: 'The export.' }) _exportId: string,
    @Arg('after', () => ID, { nullable: true, description: 'The `eventId` of the last event received.' })
    _after: string | null,
    @Root() progress: ExportProgress,
  ): ExportProgress {
    return progress;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'URL of the archive for a plain GET without a key, valid for a day; null until the archive is ready.',
  })
  downloadUrl(@Root() row: Export, @Ctx() { services }: Context): string | null {
    return services.exports.urlOf(row);
  }

  @FieldResolver(() => Boolean, {
    description: 'Whether a newer exporter would write it differently; exporting it again replaces it.',
  })
  isOutdated(@Root() row: Export, @Ctx() { services }: Context): boolean {
    return services.exports.isOutdated(row);
  }
}

@Resolver(() => Iteration)
export class IterationExportsResolver {
  @FieldResolver(() => [Export], { description: 'Its exports, oldest first.' })
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
