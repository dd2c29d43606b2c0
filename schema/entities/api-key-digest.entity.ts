import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'api_key_digest' })
@Index('IX_api_key_digest_api_key_id', ['apiKeyId'])
export class ApiKeyDigest {
  @PrimaryColumn({ name: 'digest', type: 'varchar', length: 64 })
  digest: string;

  @Column({ name: 'api_key_id', type: 'varchar', length: 36 })
  apiKeyId: string;
}
