import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import type { Context } from '../../context.ts';
import { CreateApiKeyInput, NewApiKey } from './key.input.ts';

@Resolver()
export class KeyResolver {
  @Query(() => [ApiKey], { description: 'Every API key, newest first, including revoked ones. For owners.' })
  apiKeys(@Ctx() { caller, services }: Context) {
    return services.keys.list(caller);
  }

  @Mutation(() => NewApiKey, { description: 'Creates an API key. For owners.' })
  createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'What to create.' }) input: CreateApiKeyInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.keys.create(caller, input);
  }

  @Mutation(() => ID, {
    description: 'Revokes a key immediately; its open websockets are closed within seconds. For owners.',
  })
  revokeApiKey(@Arg('id', () => ID, { description: 'The key.' }) id: string, @Ctx() { caller, services }: Context) {
    return services.keys.revoke(caller, id);
  }
}
