import { expect } from 'vitest';
import { idOf, type World } from '../world.ts';
import type { Scenario } from './scenario.ts';

const boxesOf = (world: World): { projectId: string } => ({ projectId: idOf(world, 'boxes') });
const box = { left: 0.25, top: 0.25, width: 0.5, height: 0.5 };

export const regionScenarios: readonly Scenario[] = [
  {
    operation: 'createImageRegions',
    does: 'draws in a picture, and says what was drawn already',
    run: async (world) => {
      const { client, photos, ids } = world;
      const made = await client.call('createImagesFromData', { ...boxesOf(world), imageData: photos[0]?.jpeg });
      ids['boxed'] = made.images[0]?.image?.id ?? '';
      const region = { imageId: ids['boxed'], tagId: idOf(world, 'boxTag'), ...box };
      const draw = () => client.call('createImageRegions', { ...boxesOf(world), batch: { regions: [region] } });
      const { created } = await draw();
      expect(created).toMatchObject([{ ...region, tagName: 'sign' }]);
      ids['region'] = created[0]?.regionId ?? '';
      expect(await draw()).toMatchObject({ duplicated: [region] });
    },
  },
  {
    operation: 'deleteImageRegions',
    does: 'takes a region away',
    run: async (world) => {
      await world.client.call('deleteImageRegions', { ...boxesOf(world), regionIds: [idOf(world, 'region')] });
      const imageIds = [idOf(world, 'boxed')];
      const [image] = await world.client.call('getImagesByIds', { ...boxesOf(world), imageIds });
      expect(image?.regions ?? []).toEqual([]);
    },
  },
  {
    operation: 'getImageRegionProposals',
    does: 'finds the sign in the picture',
    run: async (world) => {
      const given = { ...boxesOf(world), imageId: idOf(world, 'boxed') };
      const answer = await world.client.call('getImageRegionProposals', given);
      expect(answer).toMatchObject({ ...given });
      const { proposals } = answer as unknown as { proposals: { confidence: number; boundingBox: typeof box }[] };
      for (const { confidence, boundingBox } of proposals) {
        expect(confidence).toBeGreaterThan(0);
        expect(boundingBox.left + boundingBox.width).toBeLessThanOrEqual(1.0001);
      }
      expect(proposals.length).toBeGreaterThan(0);
    },
  },
];
