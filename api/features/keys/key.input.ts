import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import { ApiKeyRole } from '../../../schema/enums.ts';

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'What it is for, 1 to 200 characters.' })
  name: string;

  @Field(() => ApiKeyRole, { description: 'What its holder may do.' })
  role: ApiKeyRole;

  @Field(() => ID, { nullable: true, description: 'The only project it opens; all by default. Not for owners.' })
  projectId?: string | null;
}

@ObjectType({ description: 'A key just made.' })
export class NewApiKey {
  @Field(() => ApiKey, { description: 'The key as it is listed from now on.' })
  apiKey: ApiKey;

  @Field(() => String, {
    nullable: true,
    description: 'The key itself, shown this once; null when a request is repeated by Idempotency-Key.',
  })
  secret: string | null;
}
