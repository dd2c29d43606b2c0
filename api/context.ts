import type { Caller } from './access.ts';
import type { Loaders } from './loaders.ts';
import type { Services } from './services.ts';

/** What every resolver and plain endpoint gets. Loaders live as long as one request. */
export interface Context {
  caller: Caller;
  services: Services;
  loaders: Loaders;
}
