import type { Caller } from './access/access.ts';
import type { Loaders } from './graphql/loaders.ts';
import type { Services } from './services.ts';

/** What every resolver and plain endpoint gets. Loaders live as long as one request, and keep rows no longer than nothing changes. */
export interface Context {
  caller: Caller;
  services: Services;
  loaders: Loaders;
}
