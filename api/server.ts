import { fastifyApolloHandler } from '@as-integrations/fastify';
import cors from '@fastify/cors';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Config } from '../infra/config.ts';
import type { Database } from '../infra/database/database.ts';
import type { Logger } from '../infra/logger.ts';
import type { Metrics } from '../infra/metrics.ts';
import type { Caller } from './access/access.ts';
import type { Authenticator } from './access/authentication.ts';
import { callerHook } from './access/caller-hook.ts';
import type { Context } from './context.ts';
import { DomainError, httpAnswer, type ErrorAnswer } from './errors.ts';
import { longestName } from './features/publishing/publishing.input.ts';
import { createGraphqlServer } from './graphql/server.ts';
import { serveHealth, type ReadinessChecks } from './http/health.ts';
import { createLoaders } from './graphql/loaders.ts';
import { servePlainRoutes } from './http/plain-routes.ts';
import { playgroundPage, servePlaygroundAssets, wantsPage } from './http/playground.ts';
import type { RateLimit } from './access/rate-limit.ts';
import { logRequests } from './http/request-log.ts';
import { traceRequests } from './http/request-traces.ts';
import { serveAzure } from './rest/frame.ts';
import { rows } from './rest/routes.ts';
import type { Services } from './services.ts';
import type { UrlSigner } from './access/signing.ts';
import { pathOf, refuseUnknownPaths } from './http/unknown-paths.ts';
import { serveWebsocket } from './graphql/websocket.ts';

export interface ServerDeps {
  config: Pick<Config, 'introspection' | 'limits' | 'corsOrigins'>;
  schema: GraphQLSchema;
  database: Database;
  services: Services;
  authenticator: Authenticator;
  requestLimit: RateLimit;
  signer: UrlSigner;
  metrics: Metrics;
  logger: Logger;
  checks: ReadinessChecks;
}

export interface BuiltServer {
  app: FastifyInstance;
  /** From now on asks to be left alone: /readyz says no and every answer closes its connection. It serves on. */
  drain(): void;
  /** Takes no new work, says good-bye to websockets and finishes what is under way, within a bounded time. */
  close(): Promise<void>;
}

/** Requests under way get this long to end when the server closes. */
const lastRequestsMs = 15_000;

/** A GraphQL request may carry a few pictures as base64; whole albums travel by upload tickets. */
const graphqlBodyBytes = 32 * 1024 * 1024;

/** Every transport over the same services; listens nowhere yet. */
export async function buildServer(deps: ServerDeps): Promise<BuiltServer> {
  const { schema, database, services, authenticator, requestLimit, metrics, logger } = deps;
  const { introspection } = deps.config;
  // Whoever still gets through while the server closes is answered, not refused.
  const app = Fastify({
    bodyLimit: graphqlBodyBytes,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Azure's clients and documents write the same path as Training and as training. A character may take two units.
    routerOptions: { caseSensitive: false, maxParamLength: 2 * longestName },
    // And some put a whole path after an endpoint that ends with a slash, as Azure's portal shows it.
    rewriteUrl: ({ url = '/' }) => url.replace(/^\/{2,}/, '/'),
    // Fastify's own answer repeats the whole address, in whose query a key or a signature may stand.
    frameworkErrors: (error, { method, url }: FastifyRequest, reply: FastifyReply) => {
      const message = `${method} ${pathOf(url)} is not a valid address.`;
      void reply.code(error.statusCode ?? 400).send({ error: { code: 'INVALID', message } });
    },
  });
  let isDraining = false;
  const contextFor = (caller: Caller): Context => ({ caller, services, loaders: createLoaders(database) });
  logRequests(app, logger);
  traceRequests(app);
  answerErrors(app, logger);
  refuseUnknownPaths(app);
  guardAndMeasure(app, metrics);
  app.addHook('onRequest', (_request, reply, done) => {
    if (isDraining) reply.header('connection', 'close');
    done();
  });
  await allowOrigins(app, deps.config.corsOrigins);
  await serveGraphql(app, deps, contextFor);
  serveHealth(app, { ...deps, isDraining: () => isDraining });
  await serveAzure(app, { contextFor, authenticator, requestLimit, limits: deps.config.limits, logger, rows });
  await servePlainRoutes(app, { ...deps, maxPredictionBytes: deps.config.limits.predictionImageBytes });
  const websocketDeps = { schema, authenticator, requestLimit, contextFor, introspection, metrics, logger };
  const closeSockets = serveWebsocket(app.server, websocketDeps);
  return {
    app,
    drain: () => {
      isDraining = true;
    },
    close: async () => {
      isDraining = true;
      // Nobody may come back to this process, so it stops listening before it sends the websockets away.
      const closed = app.close();
      const tooLong = setTimeout(() => app.server.closeAllConnections(), lastRequestsMs);
      await closeSockets();
      await closed;
      clearTimeout(tooLong);
    },
  };
}

function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = httpAnswer(
      tooLarge(error, request) ?? unreadable(error, request) ?? error,
      logger,
    );
    const isGraphql = request.routeOptions.url === '/graphql';
    return reply
      .code(status)
      .headers(headers)
      .send(isGraphql ? asGraphqlBody(body) : body);
  });
}

/** Fastify's own refusal of a long body does not say what is allowed. */
function tooLarge(error: unknown, { routeOptions, headers }: FastifyRequest): DomainError | undefined {
  const { code } = error as { code?: string };
  if (code !== 'FST_ERR_CTP_BODY_TOO_LARGE' && code !== 'FST_REQ_FILE_TOO_LARGE') return undefined;
  const max = routeOptions.bodyLimit ?? graphqlBodyBytes;
  const message = `The body has ${headers['content-length'] ?? 'too many'} bytes; the limit is ${max}.`;
  return new DomainError('TOO_LARGE', message, { max });
}

/** Nor does its refusal of a content type say what came and what to send; curl's `-d` calls everything a form. */
function unreadable(error: unknown, { headers }: FastifyRequest): Error | undefined {
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code !== 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return undefined;
  const sent = headers['content-type'];
  const came = sent === undefined ? 'none was sent' : `${JSON.stringify(sent.slice(0, 100))} was sent`;
  const message = `The body must be sent with the header Content-Type: application/json; ${came}.`;
  return Object.assign(new Error(message), { statusCode });
}

function guardAndMeasure(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: String(reply.statusCode),
    };
    metrics.httpRequestSeconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}

/** Pages of other front ends may call when they are listed. No cookies are used, so a page can do nothing without a key. */
async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  const origin = origins.includes('*') ? '*' : [...origins];
  await app.register(cors, {
    origin,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['retry-after', 'x-request-id'],
    maxAge: 3600,
  });
}

async function serveGraphql(
  app: FastifyInstance,
  { schema, config, logger, authenticator, requestLimit }: ServerDeps,
  contextFor: (caller: Caller) => Context,
): Promise<void> {
  const graphql = createGraphqlServer(schema, { introspection: config.introspection, logger });
  await graphql.start();
  app.addHook('onClose', () => graphql.stop());
  const { onRequest, callerOf } = callerHook((request) => authenticator.callerOf(request), requestLimit);
  const handle = fastifyApolloHandler(graphql, {
    context: (request) => Promise.resolve(contextFor(callerOf(request))),
  });
  app.post('/graphql', { onRequest }, handle);
  app.get('/graphql', async function (request, reply) {
    if (!config.introspection || !wantsPage(request.headers.accept)) {
      await onRequest(request);
      return handle.call(this, request, reply);
    }
    return reply.header('content-security-policy', playgroundPage.policy).type('text/html').send(playgroundPage.html);
  });
  app.get('/', (_request, reply) => reply.redirect('/graphql'));
  if (config.introspection) servePlaygroundAssets(app);
}

/** Clients of GraphQL look for `errors`, also when a request fails before GraphQL sees it. */
function asGraphqlBody({ error }: ErrorAnswer['body']): object {
  const { message, ...extensions } = error;
  return { errors: [{ message, extensions }] };
}
