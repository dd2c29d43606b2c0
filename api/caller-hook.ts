import type { FastifyRequest } from 'fastify';
import type { Caller } from './access.ts';
import type { Authenticator } from './authentication.ts';

export interface CallerHook {
  /** For a route's `onRequest`: before the body is read, so that nobody without a key can send megabytes. */
  onRequest: (request: FastifyRequest) => Promise<void>;
  callerOf: (request: FastifyRequest) => Caller;
}

export function callerHook(authenticator: Authenticator): CallerHook {
  const callers = new WeakMap<FastifyRequest, Caller>();
  return {
    onRequest: async (request) => {
      const { headers, ip } = request;
      callers.set(request, await authenticator.authenticate({ headers, remoteAddress: ip }));
    },
    callerOf: (request) => {
      const caller = callers.get(request);
      if (!caller) throw new Error(`${request.routeOptions.url} lacks the hook that finds the caller.`);
      return caller;
    },
  };
}
