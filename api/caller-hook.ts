import type { FastifyRequest } from 'fastify';
import type { Caller } from './access.ts';
import type { Authenticator } from './authentication.ts';
import type { RateLimit } from './rate-limit.ts';
import { note } from './request-notes.ts';

export interface CallerHook {
  /** For a route's `onRequest`: before the body is read, so that nobody without a key can send megabytes. */
  onRequest: (request: FastifyRequest) => Promise<void>;
  callerOf: (request: FastifyRequest) => Caller;
}

export function callerHook(authenticator: Authenticator, limit: RateLimit): CallerHook {
  const callers = new WeakMap<FastifyRequest, Caller>();
  return {
    onRequest: async (request) => {
      const { headers, ip } = request;
      const caller = await authenticator.authenticate({ headers, remoteAddress: ip });
      note({ keyId: caller.keyId });
      await limit.take(caller);
      callers.set(request, caller);
    },
    callerOf: (request) => {
      const caller = callers.get(request);
      if (!caller) throw new Error(`${request.routeOptions.url} lacks the hook that finds the caller.`);
      return caller;
    },
  };
}
