import type { Database } from '../../infra/database.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import type { Backbone } from '../ml/backbones/backbone.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';

/** What activities need of the outside world. */
export interface ActivityDeps {
  database: Database;
  storage: Storage;
  /** Images that are worked on side by side; 1 when left out. */
  threads?: number;
  /** Opens a backbone once and keeps it. */
  backbone: (name: BackboneName) => Promise<Backbone>;
}
