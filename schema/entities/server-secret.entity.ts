import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Secrets that every process of an installation shares, such as the key that signs image addresses. */
@Entity({ name: 'server_secret' })
export class ServerSecret {
  @PrimaryColumn({ name: 'name', type: 'varchar', length: 64 })
  name: string;

  @Column({ name: 'value', type: 'varchar', length: 255 })
  value: string;
}
