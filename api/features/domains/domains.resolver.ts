import { Query, Resolver } from 'type-graphql';
import { Domain, domains } from './domains.ts';

@Resolver()
export class DomainsResolver {
  @Query(() => [Domain], { description: 'The domains that a project can choose from.' })
  domains(): readonly Domain[] {
    return domains;
  }
}
