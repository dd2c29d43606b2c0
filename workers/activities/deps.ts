import type { Database } from '../../infra/database/database.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import type { Backbone } from '../ml/backbones/backbone.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import type { ImageLimits } from '../ml/images/image.ts';
import type { Trunk } from '../ml/fine-tuning/trunk.ts';
import type { Recipes } from './training-plan.ts';

/** What activities need of the outside world. */
export interface ActivityDeps {
  database: Database;
  storage: Storage;
  /** Opens a backbone once and keeps it. */
  backbone: (name: BackboneName) => Promise<Backbone>;
  /** Opens the frozen part of a backbone once and keeps it. */
  trunk: (name: BackboneName) => Promise<Trunk>;
  recipes: Recipes;
  /** What an image may be at most. */
  imageLimits: ImageLimits;
  /** What a project may have at most. */
  imagesPerProject: number;
  /** How addresses of other servers are fetched. */
  urls: { allow: string[]; timeoutMs: number };
  /** Images that are worked on side by side, and processor threads of a step of gradient descent. */
  threads: number;
  /** Tags with fewer images give a warning, by what is trained. */
  recommendedImagesPerTag: { classification: number; detection: number };
}
