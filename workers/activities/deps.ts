import type { Database } from '../../infra/database/database.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import type { Backbone } from '../ml/backbones/backbone.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';

/** What activities need of the outside world. */
export interface ActivityDeps {
  database: Database;
  storage: Storage;
  /** Opens a backbone once and keeps it. */
  backbone: (name: BackboneName) => Promise<Backbone>;
  /** Images that are worked on side by side. */
  threads: number;
  /** Tags with fewer images give a warning, by what is trained. */
  recommendedImagesPerTag: { classification: number; detection: number };
}
