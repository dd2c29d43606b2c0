import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../../infra/logger.ts';
import { requestIdOf, withNotes, type RequestNotes } from '../request-notes.ts';

/** Asked every few seconds by machines. */
const quietRoutes = new Set(['/healthz', '/readyz', '/metrics']);

/** One line a request. The path is that of the route: a real one can carry a signature. */
export function logRequests(app: FastifyInstance, logger: Logger): void {
  const known = new WeakMap<FastifyRequest, RequestNotes>();
  app.addHook('onRequest', (request, reply, done) => {
    const notes = { requestId: requestIdOf(request.headers['x-request-id']) };
    known.set(request, notes);
    reply.header('x-request-id', notes.requestId);
    withNotes(notes, done);
  });
  // The body comes in by events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => withNotes(known.get(request) ?? newNotes(), done));
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'none';
    const status = reply.statusCode;
    const line = { ...known.get(request), method, route, status, durationMs: Math.round(reply.elapsedTime) };
    logger[levelOf(route, status)](line, 'request');
    done();
  });
}

const newNotes = (): RequestNotes => ({ requestId: requestIdOf(undefined) });

function levelOf(route: string, status: number): 'debug' | 'info' | 'error' {
  if (status >= 500 && !quietRoutes.has(route)) return 'error';
  return quietRoutes.has(route) ? 'debug' : 'info';
}
