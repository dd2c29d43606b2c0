import { expect } from 'vitest';
import { idOf, type World } from '../world.ts';
import type { Scenario } from './scenario.ts';

const ofIteration = (world: World) => ({
  projectId: idOf(world, 'project'),
  iterationId: idOf(world, 'iteration'),
});

/** The picture of the address, once it has no tag. */
async function untag(world: World): Promise<string> {
  const imageId = idOf(world, 'untagged');
  const tagIds = [...new Set(world.photos.map(({ tag }) => tag))].map((tag) => idOf(world, tag));
  await world.client.call('deleteImageTags', { projectId: idOf(world, 'project'), imageIds: [imageId], tagIds });
  return imageId;
}

export const suggestionScenarios: readonly Scenario[] = [
  {
    operation: 'suggestTagsAndRegions',
    does: 'says what it would put on an image and how unsure it is',
    run: async (world) => {
      const imageIds = [await untag(world)];
      const [suggestion] = await world.client.call('suggestTagsAndRegions', { ...ofIteration(world), imageIds });
      expect(suggestion?.predictions[0]).toMatchObject({ tagName: world.photos.at(-1)?.tag });
      expect(suggestion).toHaveProperty('predictionUncertainty');
    },
  },
  {
    operation: 'querySuggestedImages',
    does: 'lists untagged images by what is suggested',
    run: async (world) => {
      const tagIds = [idOf(world, world.photos.at(-1)?.tag ?? '')];
      const query = {
        tagIds,
        threshold: 0.1,
        maxCount: 10,
        sortBy: 'UncertaintyAscending',
        session: '',
        continuation: '',
      };
      const { results, token } = await world.client.call('querySuggestedImages', { ...ofIteration(world), query });
      expect(results).toHaveLength(1);
      expect((token as { session: string }).session).not.toBe('');
    },
  },
  {
    operation: 'querySuggestedImageCount',
    does: 'counts them by tag',
    run: async (world) => {
      const tagId = idOf(world, world.photos.at(-1)?.tag ?? '');
      const query = { tagIds: [tagId], threshold: 0.1 };
      const counts = await world.client.call('querySuggestedImageCount', { ...ofIteration(world), query });
      expect(counts).toEqual({ [tagId]: 1 });
    },
  },
];
