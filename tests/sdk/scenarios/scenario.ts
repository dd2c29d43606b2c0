import type { World } from '../world.ts';

/** One operation, called and its answer looked at. They run in order and leave ids to each other. */
export interface Scenario {
  operation: string;
  does: string;
  run: (world: World) => Promise<void>;
}
