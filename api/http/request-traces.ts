import type { FastifyInstance, FastifyRequest } from 'fastify';
import { beginRequest, endRequest, runWithin } from '../../infra/tracing.ts';
import { currentNotes } from '../request-notes.ts';

/** Asked every few seconds by machines. */
const quietRoutes = new Set(['/healthz', '/readyz', '/metrics']);

/** A span for each request, in the trace of whoever sends a traceparent. */
export function traceRequests(app: FastifyInstance): void {
  const open = new WeakMap<FastifyRequest, ReturnType<typeof beginRequest>>();
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    if (quietRoutes.has(route)) return done();
    const begun = beginRequest(`${request.method} ${route}`, request.headers);
    open.set(request, begun);
    runWithin(begun.within, done);
  });
  // The body comes in by events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    const begun = open.get(request);
    if (begun) runWithin(begun.within, done);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { requestId, operation } = currentNotes() ?? {};
    const begun = open.get(request);
    const known = {
      ...(requestId && { 'taglens.request_id': requestId }),
      ...(operation && { 'graphql.operation': operation }),
    };
    if (begun) endRequest(begun.span, reply.statusCode, known);
    done();
  });
}
