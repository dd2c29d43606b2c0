import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Where the features of one picture lie: in which pack of the storage, and at which place in it. */
@Entity({ name: 'cached_feature' })
@Index('IX_cached_feature_pack_id', ['packId'])
export class CachedFeature {
  /** Backbone and version of the preprocessing: features of different ones must not be mixed. */
  @PrimaryColumn({ name: 'extractor', type: 'varchar', length: 128 })
  extractor: string;

  /** The picture's content: the same picture in another project has the same features. */
  @PrimaryColumn({ name: 'sha256', type: 'varchar', length: 64 })
  sha256: string;

  @Column({ name: 'pack_id', type: 'varchar', length: 36 })
  packId: string;

  @Column({ name: 'pack_index', type: 'integer' })
  packIndex: number;
}
