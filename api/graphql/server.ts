import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from '../../infra/logger.ts';
import type { Context } from '../context.ts';
import { formatGraphqlError, laterStatus, retryHeader } from '../errors.ts';
import { nameOfOperation, note } from '../request-notes.ts';
import { checkCost, costOf, graphqlLimits, limitRules } from './limits.ts';

/** Refuses what is too costly before anything runs, and tells the cost of everything else in `extensions.cost`. */
const costPlugin: ApolloServerPlugin<Context> = {
  requestDidStart: () => {
    let cost = 0;
    return Promise.resolve({
      didResolveOperation: ({ schema, document, request }) => {
        const { variables, operationName } = request;
        cost = costOf(schema, document, {
          ...(variables ? { variables } : {}),
          ...(operationName ? { operationName } : {}),
        });
        checkCost(cost);
        return Promise.resolve();
      },
      willSendResponse: ({ response }) => {
        if (response.body.kind === 'single') {
          const { singleResult } = response.body;
          singleResult.extensions = { ...singleResult.extensions, cost };
        }
        return Promise.resolve();
      },
    });
  },
};

/** Tells the log which operation a request asks for. */
const notePlugin: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation }) => {
        if (operation) note({ operation: nameOfOperation(operation) });
        return Promise.resolve();
      },
    }),
};

/** A request that is refused as a whole, and may come back later, says so as plain endpoints do. */
const retryPlugin: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ response: { body, http } }) => {
        if (body.kind !== 'single' || body.singleResult.data) return Promise.resolve();
        for (const { extensions = {} } of body.singleResult.errors ?? []) {
          const status = laterStatus(extensions);
          if (status !== null) http.status = status;
          for (const [name, value] of Object.entries(retryHeader(extensions))) http.headers.set(name, value);
        }
        return Promise.resolve();
      },
    }),
};

/** GraphQL over HTTP: no batches, no requests that a foreign page could send, nothing internal in errors. */
export function createGraphqlServer(
  schema: GraphQLSchema,
  { introspection, logger }: { introspection: boolean; logger: Logger },
): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    parseOptions: { maxTokens: graphqlLimits.tokens },
    validationRules: [...limitRules],
    persistedQueries: false,
    stopOnTerminationSignals: false,
    plugins: [costPlugin, notePlugin, retryPlugin, ApolloServerPluginLandingPageDisabled()],
    formatError: (formatted, error) => formatGraphqlError(formatted, error, logger),
    logger: logger.child({ part: 'graphql' }),
  });
}
