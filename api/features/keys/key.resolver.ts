import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import type { Context } from '../../context.ts';
import { CreateApiKeyInput, NewApiKey } from './key.input.ts';

@Resolver()
export class KeyResolver {
  @Query(() => [ApiKey], { description: 'Every API key, newest first, revoked ones included. For owners.' })
  apiKeys(@Ctx() { caller, services }: Context) {
    return services.keys.list(caller);
  }

  @Mutation(() => NewApiKey, { description: 'Makes an API key. For owners.' })
  createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'What to make.' }) input: CreateApiKeyInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.keys.create(caller, input);
  }

  @Mutation(() => ID, {
    description: 'Makes a key useless at once; websockets that it has open are closed within seconds. For owners.',
  })
  revokeApiKey(@Arg('id', () => ID, { description: 'The key.' }) id: string, @Ctx() { caller, services }: Context) {
    return services.keys.revoke(caller, id);
  }
}
