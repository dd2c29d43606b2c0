import { In } from 'typeorm';
import { Lanes } from '../../infra/lanes.ts';
import { keys } from '../../infra/storage/keys.ts';
import { CachedFeature } from '../../schema/entities/cached-feature.entity.ts';
import { newId } from '../../schema/id.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import { readFeaturePack, writeFeaturePack } from '../ml/feature-pack.ts';
import { featureVersion } from '../ml/features.ts';
import type { ActivityDeps } from './deps.ts';

/** Features a pack: few enough that a worker that is killed loses seconds, enough that objects stay few. */
const packSize = 64;
/** Contents a query. */
const queriedAtOnce = 500;
/** Packs read side by side: enough to hide the way to a remote storage. */
const readAtOnce = 8;

/** Features by content of the picture, each computed once for all projects and workers. */
export class FeatureCache {
  private readonly extractor: string;

  constructor(
    private readonly deps: Pick<ActivityDeps, 'database' | 'storage'>,
    backbone: BackboneName,
  ) {
    this.extractor = `${backbone}-${featureVersion}`;
  }

  /** Those of the contents whose features need not be computed. Rows whose pack is lost are removed. */
  async listKept(contents: readonly string[]): Promise<Set<string>> {
    const rows = await this.rowsOf(contents);
    const packIds = [...new Set(rows.map(({ packId }) => packId))];
    const kept = await Promise.all(packIds.map((id) => this.deps.storage.exists(keys.featurePack(this.extractor, id))));
    const lost = new Set(packIds.filter((_, i) => !kept[i]));
    if (lost.size > 0)
      await this.deps.database.transact((manager) => manager.delete(CachedFeature, { packId: In([...lost]) }));
    return new Set(rows.flatMap(({ packId, sha256 }) => (lost.has(packId) ? [] : [sha256])));
  }

  /**
   * The features of each content, in the order asked for; every pack is read once.
   * @throws when one of them is not there
   */
  async load(contents: readonly string[]): Promise<Float32Array[]> {
    const packs = new Map<string, CachedFeature[]>();
    for (const row of await this.rowsOf(contents)) packs.set(row.packId, [...(packs.get(row.packId) ?? []), row]);
    const found = new Map<string, Float32Array>();
    const lanes = new Lanes(readAtOnce);
    const read = async ([packId, rows]: [string, CachedFeature[]]): Promise<void> => {
      const features = readFeaturePack(await this.deps.storage.get(keys.featurePack(this.extractor, packId)));
      // A copy each: the rest of the pack may belong to other projects and need not stay in memory.
      for (const { sha256, packIndex } of rows) {
        const feature = features[packIndex];
        if (feature) found.set(sha256, feature.slice());
      }
    };
    await Promise.all([...packs].map((pack) => lanes.run(() => read(pack))));
    return contents.map((sha256) => {
      const feature = found.get(sha256);
      if (!feature) throw new Error(`The features of the image with SHA-256 ${sha256} are gone; train again.`);
      return feature;
    });
  }

  writer(): FeaturePackWriter {
    return new FeaturePackWriter(this.deps, this.extractor);
  }

  private async rowsOf(contents: readonly string[]): Promise<CachedFeature[]> {
    const rows: CachedFeature[] = [];
    const { manager } = this.deps.database.read;
    for (let start = 0; start < contents.length; start += queriedAtOnce) {
      const sha256 = In(contents.slice(start, start + queriedAtOnce));
      rows.push(...(await manager.findBy(CachedFeature, { extractor: this.extractor, sha256 })));
    }
    return rows;
  }
}

/** Gathers features into packs and stores them while the next ones are computed. */
export class FeaturePackWriter {
  private gathered: { sha256: string; features: Float32Array }[] = [];
  private readonly writes: Promise<void>[] = [];

  constructor(
    private readonly deps: Pick<ActivityDeps, 'database' | 'storage'>,
    private readonly extractor: string,
  ) {}

  add(sha256: string, features: Float32Array): void {
    this.gathered.push({ sha256, features });
    if (this.gathered.length >= packSize) this.writeGathered();
  }

  /** Resolves when everything that was added is stored. @throws when any of it could not be */
  async finish(): Promise<void> {
    this.writeGathered();
    await Promise.allSettled(this.writes);
    await Promise.all(this.writes);
  }

  private writeGathered(): void {
    if (this.gathered.length === 0) return;
    const write = this.write(this.gathered);
    // `finish` throws it; until then nobody listens.
    write.catch(() => undefined);
    this.writes.push(write);
    this.gathered = [];
  }

  /** The object first, then its rows. Another worker may have been faster with some: its rows stay. */
  private async write(batch: { sha256: string; features: Float32Array }[]): Promise<void> {
    const { extractor } = this;
    const packId = newId();
    await this.deps.storage.put(
      keys.featurePack(extractor, packId),
      writeFeaturePack(batch.map(({ features }) => features)),
    );
    const rows = batch.map(({ sha256 }, packIndex) => ({ extractor, sha256, packId, packIndex }));
    await this.deps.database.transact((manager) =>
      manager.createQueryBuilder().insert().into(CachedFeature).values(rows).orIgnore().execute(),
    );
  }
}
