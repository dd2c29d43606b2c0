import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import { ApiKeyRole } from '../../../schema/enums.ts';

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'What the key is for, 1 to 200 characters.' })
  name: string;

  @Field(() => ApiKeyRole, { description: 'What the holder of the key may do.' })
  role: ApiKeyRole;

  @Field(() => ID, {
    nullable: true,
    description: 'The only project that the key gives access to; all by default. Not allowed for the role OWNER.',
  })
  projectId?: string | null;
}

@ObjectType({ description: 'A newly created key.' })
export class NewApiKey {
  @Field(() => ApiKey, { description: 'The key as it is listed from now on, without its secret.' })
  apiKey: ApiKey;

  @Field(() => String, {
    nullable: true,
    description:
      'The key itself, shown only this once; null when the request is repeated with the same Idempotency-Key.',
  })
  secret: string | null;
}
