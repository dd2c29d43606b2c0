import type { BackboneName } from '../ml/backbones/registry.ts';
import { extractFeatures } from '../ml/features.ts';
import type { ActivityDeps } from './deps.ts';
import type { Extraction, PlacedImage } from './extraction.ts';
import { FeatureCache, type FeaturePackWriter } from './feature-cache.ts';
import type { Originals } from './originals.ts';

/** What a head is fitted on, kept for all projects. */
export class PooledFeatures implements Extraction {
  private readonly cache: FeatureCache;
  private readonly writer: FeaturePackWriter;

  constructor(
    private readonly deps: ActivityDeps,
    private readonly backbone: BackboneName,
    private readonly originals: Originals,
  ) {
    this.cache = new FeatureCache(deps, backbone);
    this.writer = this.cache.writer();
  }

  async listKept(images: readonly PlacedImage[]): Promise<Set<string>> {
    const kept = await this.cache.listKept(images.map(({ image }) => image.sha256));
    return new Set(images.flatMap(({ image: { id, sha256 } }) => (kept.has(sha256) ? [id] : [])));
  }

  async extract({ image }: PlacedImage): Promise<void> {
    // Asked for here: with everything in the cache the backbone need not even be loaded.
    const backbone = await this.deps.backbone(this.backbone);
    this.writer.add(image.sha256, await extractFeatures(backbone, await this.originals.load(image)));
  }

  finish(): Promise<void> {
    return this.writer.finish();
  }
}
