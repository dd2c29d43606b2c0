import type { FastifyRequest } from 'fastify';
import type { Caller } from './access.ts';
import type { RateLimit } from './rate-limit.ts';
import { note } from '../request-notes.ts';

export interface CallerHook {
  /** For a route's `onRequest`: before the body is read, so that nobody without a key can send megabytes. */
  onRequest: (request: FastifyRequest) => Promise<void>;
  callerOf: (request: FastifyRequest) => Caller;
}

/** @param find who asks, by whatever the transport takes keys from. @throws DomainError UNAUTHENTICATED */
export function callerHook(find: (request: FastifyRequest) => Promise<Caller>, limit: RateLimit): CallerHook {
  const callers = new WeakMap<FastifyRequest, Caller>();
  return {
    onRequest: async (request) => {
      const caller = await find(request);
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
