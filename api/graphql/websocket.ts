import type { Server } from 'node:http';
import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  type ExecutionArgs,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { CloseCode, type Context as SocketContext, type SubscribePayload } from 'graphql-ws';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Logger } from '../../infra/logger.ts';
import type { Metrics } from '../../infra/metrics.ts';
import type { Caller } from '../access/access.ts';
import type { Authenticator, Credentials } from '../access/authentication.ts';
import type { Context } from '../context.ts';
import { DomainError, formatGraphqlError } from '../errors.ts';
import { KeyWatch } from '../access/key-watch.ts';
import { checkedDocument, limitRules } from './limits.ts';
import type { RateLimit } from '../access/rate-limit.ts';
import { nameOfOperation, requestIdOf, withNotes, type RequestNotes } from '../request-notes.ts';

interface WebsocketDeps {
  schema: GraphQLSchema;
  authenticator: Authenticator;
  requestLimit: RateLimit;
  contextFor: (caller: Caller) => Context;
  introspection: boolean;
  metrics: Pick<Metrics, 'openSockets'>;
  logger: Logger;
}

type Params = Record<string, unknown> | undefined;
/** What stays known of a connection while it lasts, with the operations that are open on it by their ids. */
type Known = Record<PropertyKey, unknown> & {
  credentials?: Credentials;
  caller?: Caller;
  notes?: Map<string, RequestNotes>;
};
type Socket = SocketContext<Params, Extra & Known>;

const maxMessageBytes = 1_000_000;
const farewellMs = 2000;

/** GraphQL over websocket, in the graphql-ws protocol. Returns how to end it. */
export function serveWebsocket(server: Server, deps: WebsocketDeps): () => Promise<void> {
  // Attached to the server it would take the errors of that, such as a port in use, for its own and print them.
  const sockets = new WebSocketServer({ noServer: true, path: '/graphql', maxPayload: maxMessageBytes });
  server.on('upgrade', (request, stream, head) =>
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request)),
  );
  const rules = [...specifiedRules, ...limitRules, ...(deps.introspection ? [] : [NoSchemaIntrospectionCustomRule])];
  const masked = ({ extra }: Socket, id: string, errors: readonly GraphQLError[]): GraphQLFormattedError[] =>
    withNotes(notesOf(extra, id), () => errors.map((error) => formatGraphqlError(error.toJSON(), error, deps.logger)));
  const watch = new KeyWatch(sockets.clients, deps.authenticator, deps.logger);
  watch.start();
  const handle = useServer<Params, Known>(
    {
      schema: deps.schema,
      onConnect: (socket) => admit(socket, deps.authenticator, watch),
      onSubscribe: ({ extra }, id, payload) => beginOperation(deps, rules, payload, { extra, id }),
      onError: (socket, id, _payload, errors) => {
        const told = masked(socket, id, errors);
        socket.extra.notes?.delete(id);
        return told;
      },
      onNext: (socket, id, _payload, _args, { data = null, errors }) =>
        errors ? { data, errors: masked(socket, id, errors) } : undefined,
      onComplete: ({ extra }, id) => void extra.notes?.delete(id),
    },
    sockets,
  );
  sockets.on('connection', (socket) => {
    deps.metrics.openSockets.inc();
    socket.once('close', () => deps.metrics.openSockets.dec());
  });
  return async () => {
    const watchStopped = watch.stop();
    // 1012 «service restart» makes clients come back, with the last event that they saw.
    for (const socket of sockets.clients) socket.close(1012, 'The server is restarting.');
    // A client that does not say good-bye in return is left standing.
    const tooLong = setTimeout(() => sockets.clients.forEach((socket) => socket.terminate()), farewellMs);
    await handle.dispose();
    clearTimeout(tooLong);
    await watchStopped;
  };
}

/** Finds or makes the notes of one operation. */
function notesOf(extra: Extra & Known, id: string): RequestNotes {
  const all = (extra.notes ??= new Map<string, RequestNotes>());
  const notes = all.get(id) ?? { requestId: requestIdOf(undefined), keyId: extra.caller?.keyId ?? null };
  all.set(id, notes);
  return notes;
}

/** What to execute, or why it is refused. */
async function beginOperation(
  { schema, authenticator, contextFor, requestLimit, logger }: WebsocketDeps,
  rules: readonly ValidationRule[],
  { query, variables, operationName }: SubscribePayload,
  { extra, id }: { extra: Extra & Known; id: string },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  if (!extra.credentials) return [new GraphQLError('The connection has no caller.')];
  const request = { query, ...(variables ? { variables } : {}), ...(operationName ? { operationName } : {}) };
  const checked = checkedDocument(schema, request, rules);
  if ('errors' in checked) return checked.errors;
  const { document } = checked;
  const notes = notesOf(extra, id);
  const operation = getOperationAST(document, operationName);
  if (operation) notes.operation = nameOfOperation(operation);
  logger.info({ ...notes, route: 'websocket' }, 'request');
  try {
    // Each time anew: the key may have been revoked since the connection was opened.
    const caller = await authenticator.authenticate(extra.credentials);
    await requestLimit.take(caller);
    return { schema, document, contextValue: contextFor(caller), variableValues: variables, operationName };
  } catch (error) {
    return [new GraphQLError('The operation was refused.', { originalError: error as Error })];
  }
}

/** Browsers cannot set headers on a websocket: the key comes in the connection parameters instead. */
async function admit(
  { connectionParams, extra }: Socket,
  authenticator: Authenticator,
  watch: KeyWatch,
): Promise<boolean> {
  try {
    extra.credentials = credentialsOf(connectionParams ?? {}, extra);
    extra.caller = await authenticator.authenticate(extra.credentials);
    watch.add(extra.socket, extra.caller);
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
