import { expect } from 'vitest';
import { idOf, trained, until, type World } from '../world.ts';
import type { Scenario } from './scenario.ts';

const ofProject = (world: World): { projectId: string } => ({ projectId: idOf(world, 'project') });
const ofIteration = (world: World) => ({ ...ofProject(world), iterationId: idOf(world, 'iteration') });

export const iterationScenarios: readonly Scenario[] = [
  {
    operation: 'trainProject',
    does: 'says Training at once, and refuses when nothing changed',
    run: async (world) => {
      const iteration = await world.client.call('trainProject', ofProject(world));
      expect(iteration).toMatchObject({ status: 'Training', ...ofProject(world) });
      world.ids['iteration'] = iteration.id;
      const ask = () => world.client.call('getIteration', ofIteration(world));
      expect(await until(ask, ({ status }) => status !== 'Training')).toMatchObject({ status: 'Completed' });
      const again = world.client.call('trainProject', ofProject(world));
      await expect(again).rejects.toMatchObject({ status: 400, code: 'BadRequestTrainingNotNeeded' });
    },
  },
  {
    operation: 'getIteration',
    does: 'tells one, and refuses an unknown one',
    run: async (world) => {
      const iteration = await world.client.call('getIteration', ofIteration(world));
      expect(iteration).toMatchObject({ ...ofProject(world), classificationType: 'Multiclass' });
      const unknown = world.client.call('getIteration', { ...ofProject(world), iterationId: idOf(world, 'project') });
      await expect(unknown).rejects.toMatchObject({ status: 404, code: 'NotFoundIteration' });
    },
  },
  {
    operation: 'getIterations',
    does: 'lists what was trained',
    run: async (world) => {
      const listed = (await world.client.call('getIterations', ofProject(world))).map(({ id }) => id);
      expect(listed).toContain(idOf(world, 'iteration'));
    },
  },
  {
    operation: 'updateIteration',
    does: 'gives it another name',
    run: async (world) => {
      const given = { ...ofIteration(world), updatedIteration: { name: 'First of all' } };
      expect(await world.client.call('updateIteration', given)).toMatchObject({ name: 'First of all' });
    },
  },
  {
    operation: 'getIterationPerformance',
    does: 'measures at a threshold, tag by tag',
    run: async (world) => {
      const given = { ...ofIteration(world), threshold: 0.4, overlapThreshold: 0.3 };
      const answer = await world.client.call('getIterationPerformance', given);
      const { precision, perTagPerformance } = answer as unknown as { precision: number; perTagPerformance: object[] };
      expect(precision).toBeGreaterThan(0);
      expect(perTagPerformance).toHaveLength(2);
    },
  },
  {
    operation: 'getImagePerformances',
    does: 'tells what was predicted for the images',
    run: async (world) => {
      const [first, ...rest] = await world.client.call('getImagePerformances', ofIteration(world));
      expect(rest).toHaveLength(2 * trained - 1);
      expect(first?.predictions).toHaveLength(2);
      expect(first?.tags).toHaveLength(1);
    },
  },
  {
    operation: 'getImagePerformanceCount',
    does: 'counts them by tag',
    run: async (world) => {
      const tagIds = [idOf(world, world.photos[0]?.tag ?? '')];
      expect(await world.client.call('getImagePerformanceCount', { ...ofIteration(world), tagIds })).toBe(trained);
    },
  },
  {
    operation: 'publishIteration',
    does: 'answers true, keeps the resource, and guards the iteration',
    run: async (world) => {
      const predictionId = '/subscriptions/a b/resource/c';
      const given = { ...ofIteration(world), publishName: 'my model', predictionId };
      expect(await world.client.call('publishIteration', given)).toBe(true);
      expect(await world.client.call('getIteration', ofIteration(world))).toMatchObject({
        publishName: 'my model',
        originalPublishResourceId: predictionId,
      });
      const deletion = world.client.call('deleteIteration', ofIteration(world));
      await expect(deletion).rejects.toMatchObject({ status: 400, code: 'BadRequestIterationIsPublished' });
    },
  },
];

export const closingScenarios: readonly Scenario[] = [
  {
    operation: 'unpublishIteration',
    does: 'takes the name away',
    run: async (world) => {
      await world.client.call('unpublishIteration', ofIteration(world));
      const { publishName } = await world.client.call('getIteration', ofIteration(world));
      expect(publishName ?? null).toBeNull();
    },
  },
  {
    operation: 'deleteIteration',
    does: 'deletes it once it is not published',
    run: async (world) => {
      await world.client.call('deleteIteration', ofIteration(world));
      await expect(world.client.call('getIteration', ofIteration(world))).rejects.toMatchObject({ status: 404 });
    },
  },
  {
    operation: 'deleteImages',
    does: 'deletes those that are named',
    run: async (world) => {
      const before = await world.client.call<number>('getTaggedImageCount', ofProject(world));
      await world.client.call('deleteImages', { ...ofProject(world), imageIds: [idOf(world, 'image')] });
      expect(await world.client.call('getTaggedImageCount', ofProject(world))).toBe(before - 1);
    },
  },
  {
    operation: 'deleteProject',
    does: 'deletes both',
    run: async (world) => {
      for (const projectId of [idOf(world, 'project'), idOf(world, 'boxes')]) {
        await world.client.call('deleteProject', { projectId });
        await expect(world.client.call('getProject', { projectId })).rejects.toMatchObject({ status: 404 });
      }
    },
  },
];
