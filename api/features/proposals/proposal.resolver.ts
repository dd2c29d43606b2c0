import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import type { Context } from '../../context.ts';
import { RegionProposal } from './region-proposal.output.ts';

/** A picture is read, decoded and looked at by a model, however few boxes are asked for. */
const lookedAtCost = 100;

@Resolver(() => Image)
export class ImageProposalsResolver {
  @FieldResolver(() => [RegionProposal], {
    description:
      'Boxes that may deserve a region, computed on request: first what the newest detector of the project finds, then what stands out in the image. ' +
      'Works well for a few separate objects; among many touching ones, most are missed.',
    complexity: ({ args, childComplexity }) =>
      lookedAtCost + Math.max(1, (args as { first: number }).first) * childComplexity,
  })
  regionProposals(
    @Root() image: Image,
    @Arg('first', () => Int, { defaultValue: 20, description: 'Maximum number of proposals, 1 to 200.' }) first: number,
    @Ctx() { caller, services }: Context,
  ) {
    return services.proposals.propose(caller, image, first);
  }
}
