import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { ApiKeyRole } from '../enums.ts';

@ObjectType({ description: 'An API key; its secret is shown only once, when it is created.' })
@Entity({ name: 'api_key' })
export class ApiKey {
  @Field(() => ID, { description: 'Identifier.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => String, { description: 'What it is for.' })
  @Column({ name: 'name', type: 'varchar', length: 255 })
  name: string;

  @Field(() => ApiKeyRole, { description: 'What the holder of the key may do.' })
  @Column({ name: 'role', type: 'varchar', length: 32 })
  role: ApiKeyRole;

  @Field(() => ID, { nullable: true, description: 'The only project that the key gives access to; null for all.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36, nullable: true })
  projectId: string | null;

  @Field(() => Date, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was revoked.' })
  @Column({ name: 'revoked_at', type: 'datetime', precision: 3, nullable: true })
  revokedAt: Date | null;
}
