import type { Server } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { GraphQLError, NoSchemaIntrospectionCustomRule, specifiedRules } from 'graphql';
import { CloseCode, type Context as SocketContext } from 'graphql-ws';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Logger } from '../infra/logger.ts';
import type { Caller } from './access.ts';
import type { Authenticator, Credentials } from './authentication.ts';
import type { Context } from './context.ts';
import { DomainError, formatGraphqlError } from './errors.ts';
import { checkedDocument, limitRules } from './limits.ts';

interface WebsocketDeps {
  schema: GraphQLSchema;
  authenticator: Authenticator;
  contextFor: (caller: Caller) => Context;
  introspection: boolean;
  logger: Logger;
}

type Params = Record<string, unknown> | undefined;
/** What stays known of a connection while it lasts. */
type Known = Record<PropertyKey, unknown> & { caller?: Caller };
type Socket = SocketContext<Params, Extra & Known>;

const maxMessageBytes = 1_000_000;

/** GraphQL over websocket, in the graphql-ws protocol. Returns how to end it. */
export function serveWebsocket(server: Server, deps: WebsocketDeps): () => Promise<void> {
  const sockets = new WebSocketServer({ server, path: '/graphql', maxPayload: maxMessageBytes });
  const rules = [...specifiedRules, ...limitRules, ...(deps.introspection ? [] : [NoSchemaIntrospectionCustomRule])];
  const handle = useServer<Params, Known>(
    {
      schema: deps.schema,
      onConnect: (socket) => admit(socket, deps.authenticator),
      onSubscribe: ({ extra }, _id, { query, variables, operationName }) => {
        const request = { query, ...(variables ? { variables } : {}), ...(operationName ? { operationName } : {}) };
        const checked = checkedDocument(deps.schema, request, rules);
        if ('errors' in checked) return checked.errors;
        if (!extra.caller) return [new GraphQLError('The connection has no caller.')];
        const contextValue = deps.contextFor(extra.caller);
        return {
          schema: deps.schema,
          document: checked.document,
          contextValue,
          variableValues: variables,
          operationName,
        };
      },
      onError: (_socket, _id, _payload, errors) =>
        errors.map((error) => formatGraphqlError(error.toJSON(), error, deps.logger)),
      onNext: (_socket, _id, _payload, _args, result) =>
        result.errors
          ? {
              data: result.data ?? null,
              errors: result.errors.map((error) => formatGraphqlError(error.toJSON(), error, deps.logger)),
            }
          : undefined,
    },
    sockets,
  );
  return async () => {
    // 1012 «service restart» makes clients come back, with the last event that they saw.
    for (const socket of sockets.clients) socket.close(1012, 'The server is restarting.');
    await handle.dispose();
  };
}

/** Browsers cannot set headers on a websocket: the key comes in the connection parameters instead. */
async function admit({ connectionParams, extra }: Socket, authenticator: Authenticator): Promise<boolean> {
  try {
    extra.caller = await authenticator.authenticate(credentialsOf(connectionParams ?? {}, extra));
    return true;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    extra.socket.close(CloseCode.Forbidden, error.message.slice(0, 120));
    return false;
  }
}

function credentialsOf(params: Record<string, unknown>, { request }: Extra): Credentials {
  const given = Object.entries(params).map(([name, value]) => [name.toLowerCase(), value] as const);
  const text = (name: string): string | undefined => {
    const value = given.find(([key]) => key === name)?.[1];
    return typeof value === 'string' ? value : undefined;
  };
  const authorization = text('authorization') ?? request.headers.authorization;
  const apiKey = text('x-api-key') ?? request.headers['x-api-key'];
  const headers = {
    ...request.headers,
    ...(authorization === undefined ? {} : { authorization }),
    ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
  };
  return { headers, remoteAddress: request.socket.remoteAddress };
}
