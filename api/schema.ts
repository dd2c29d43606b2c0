// TypeGraphQL's decorators need this shim before any of them runs.
import 'reflect-metadata';
import { defaultFieldResolver, lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';
import type { Context } from './context.ts';
import { CopyResolver } from './features/copies/copy.resolver.ts';
import { DomainsResolver } from './features/domains/domains.resolver.ts';
import { EvaluationResolver, ImageResultResolver } from './features/evaluation/evaluation.resolver.ts';
import { DomainExportsResolver, ExportResolver, IterationExportsResolver } from './features/exports/export.resolver.ts';
import { AddImageResultResolver, ImageResolver } from './features/images/image.resolver.ts';
import { KeyResolver } from './features/keys/key.resolver.ts';
import { NotificationResolver } from './features/notifications/notification.resolver.ts';
import { PredictionResolver } from './features/prediction/prediction.resolver.ts';
import { ProjectResolver } from './features/projects/project.resolver.ts';
import { ImageProposalsResolver } from './features/proposals/proposal.resolver.ts';
import { PublishingResolver } from './features/publishing/publishing.resolver.ts';
import { ImageRegionsResolver, RegionResolver } from './features/regions/region.resolver.ts';
import { SuggestedTagCountResolver, SuggestionResolver } from './features/suggestions/suggestion.resolver.ts';
import { TagResolver } from './features/tags/tag.resolver.ts';
import { TrainingResolver } from './features/training/training.resolver.ts';
import { forgetLoaded } from './graphql/loaders.ts';

/** TypeGraphQL wants a channel of its own; ours is the outbox, which each subscription reads by itself. */
const outboxOnly: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('Subscriptions read the outbox: give the decorator a `subscribe` function.');
  },
};

/** The GraphQL schema. Resolvers keep nothing between requests, so that one schema serves a whole process. */
export async function buildGraphqlSchema(): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [
      DomainsResolver,
      ProjectResolver,
      CopyResolver,
      NotificationResolver,
      TagResolver,
      ImageResolver,
      AddImageResultResolver,
      RegionResolver,
      ImageRegionsResolver,
      TrainingResolver,
      EvaluationResolver,
      ImageResultResolver,
      ExportResolver,
      IterationExportsResolver,
      DomainExportsResolver,
      PublishingResolver,
      PredictionResolver,
      ImageProposalsResolver,
      SuggestionResolver,
      SuggestedTagCountResolver,
      KeyResolver,
    ],
    pubSub: outboxOnly,
    // Input is checked in the services, where every transport passes.
    validate: false,
  });
  loadAnew(schema);
  return schema;
}

/** Each field of a mutation, and each event of a subscription, is answered with the rows as they are then. */
function loadAnew(schema: GraphQLSchema): void {
  for (const type of [schema.getMutationType(), schema.getSubscriptionType()])
    for (const field of Object.values(type?.getFields() ?? {})) {
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (source, args, context: Context, info): unknown => {
        forgetLoaded(context.loaders);
        return resolve(source, args, context, info);
      };
    }
}

export async function printedSchema(): Promise<string> {
  return `${printSchema(lexicographicSortSchema(await buildGraphqlSchema()))}\n`;
}
