import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import type { Context } from '../../context.ts';
import { AddRegionsInput, UpdateRegionsInput } from './region.input.ts';

@Resolver(() => Region)
export class RegionResolver {
  @Mutation(() => [Region], {
    description: 'Draws regions in images of a detection project, all or none, and adds their tags to the images.',
  })
  addRegions(
    @Arg('input', () => AddRegionsInput, { description: 'What to draw.' }) input: AddRegionsInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.regions.add(caller, input);
  }

  @Mutation(() => [Region], {
    description:
      'Moves, resizes or retags regions; all or none, and none onto another region with the same tag and box.',
  })
  updateRegions(
    @Arg('input', () => UpdateRegionsInput, { description: 'What to change.' }) input: UpdateRegionsInput,
    @Ctx() { caller, services }: Context,
  ) {
    return services.regions.update(caller, input);
  }

  @Mutation(() => [ID], {
    description:
      'Removes regions from images of one project, by exactly one of the arguments; an image loses a tag when its last region with ' +
      'that tag is removed. By imageIds, a batch of accepted suggestions is undone at once. Returns the ids of the removed regions.',
  })
  removeRegions(
    @Arg('ids', () => [ID], {
      nullable: true,
      description: 'The regions, at most 64 by default (TAGLENS_MAX_BATCH_SIZE).',
    })
    ids: string[] | null,
    @Arg('imageIds', () => [ID], {
      nullable: true,
      description: 'All regions of these images, at most 64 images by default.',
    })
    imageIds: string[] | null,
    @Ctx() { caller, services }: Context,
  ) {
    return services.regions.removeEither(caller, { ids, imageIds });
  }

  @FieldResolver(() => Tag, { nullable: true, description: 'Its tag; null when it has just been deleted.' })
  tag(@Root() { tagId }: Region, @Ctx() { loaders }: Context) {
    return loaders.tag.load(tagId);
  }
}

/** An image may have 300, and few have more than a dozen: the cost of a page is that of one as people draw them. */
const usualRegionCount = 10;

@Resolver(() => Image)
export class ImageRegionsResolver {
  @FieldResolver(() => [Region], {
    description: 'Its regions, in the order in which they were drawn; empty for classification.',
    complexity: ({ childComplexity }) => 1 + usualRegionCount * childComplexity,
  })
  regions(@Root() { id }: Image, @Ctx() { loaders }: Context) {
    return loaders.regionsOfImage.load(id);
  }
}
