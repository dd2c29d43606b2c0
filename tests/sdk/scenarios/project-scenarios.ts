import { expect } from 'vitest';
import { idOf } from '../world.ts';
import type { Scenario } from './scenario.ts';

const compact = '0732100f-1a38-4e49-a514-c9b44c697ab5';
const detectionA1 = '9c616dff-2e7d-ea11-af59-1866da359ce6';

export const projectScenarios: readonly Scenario[] = [
  {
    operation: 'getDomains',
    does: 'lists those of both kinds, Azure’s order first',
    run: async ({ client }) => {
      const domains = await client.call('getDomains');
      expect(domains[0]).toMatchObject({ name: 'General [A2]', type: 'Classification', enabled: true });
      expect(domains.find(({ type }) => type === 'ObjectDetection')?.id).toBe(detectionA1);
    },
  },
  {
    operation: 'getDomain',
    does: 'tells one, and refuses an unknown one',
    run: async ({ client }) => {
      expect(await client.call('getDomain', { domainId: compact })).toMatchObject({ id: compact, exportable: true });
      const unknown = client.call('getDomain', { domainId: compact.replace('0732', '0733') });
      await expect(unknown).rejects.toMatchObject({ status: 404, code: 'NotFoundDomain' });
    },
  },
  {
    operation: 'createProject',
    does: 'makes one with all that it can be given, and one of detection',
    run: async ({ client, ids }) => {
      const given = { name: `Signs with ${client.name}`, description: 'two of them', domainId: compact };
      const project = await client.call('createProject', { ...given, classificationType: 'Multiclass' });
      const { name, description, domainId } = given;
      expect(project).toMatchObject({ name, description, settings: { domainId, classificationType: 'Multiclass' } });
      const detection = await client.call('createProject', {
        name: `Boxes with ${client.name}`,
        domainId: detectionA1,
      });
      expect(detection.settings).toMatchObject({ domainId: detectionA1 });
      Object.assign(ids, { project: project.id, boxes: detection.id });
    },
  },
  {
    operation: 'getProjects',
    does: 'lists both',
    run: async (world) => {
      const listed = (await world.client.call('getProjects')).map(({ id }) => id);
      expect(listed).toEqual(expect.arrayContaining([idOf(world, 'project'), idOf(world, 'boxes')]));
    },
  },
  {
    operation: 'getProject',
    does: 'tells one, and refuses an unknown one',
    run: async (world) => {
      const projectId = idOf(world, 'project');
      expect((await world.client.call('getProject', { projectId })).id).toBe(projectId);
      const unknown = world.client.call('getProject', { projectId: compact });
      await expect(unknown).rejects.toMatchObject({ status: 404, code: 'NotFoundProject' });
    },
  },
  {
    operation: 'updateProject',
    does: 'takes the whole object back, read-only fields with it',
    run: async (world) => {
      const projectId = idOf(world, 'project');
      const { name, settings, ...rest } = await world.client.call('getProject', { projectId });
      const updatedProject = { ...rest, name: `${name}, renamed`, settings };
      const updated = await world.client.call('updateProject', { projectId, updatedProject });
      expect(updated).toMatchObject({ id: projectId, name: `${name}, renamed`, settings });
    },
  },
  {
    operation: 'createTag',
    does: 'makes regular ones and a negative one, and refuses a name twice',
    run: async (world) => {
      const { client, ids, photos } = world;
      const projectId = idOf(world, 'project');
      const names = [...new Set(photos.map(({ tag }) => tag))];
      for (const name of names) ids[name] = (await client.call('createTag', { projectId, name })).id;
      const box = await client.call('createTag', { projectId: idOf(world, 'boxes'), name: 'sign' });
      const negative = await client.call('createTag', { projectId, name: 'none of them', type: 'Negative' });
      expect(negative).toMatchObject({ name: 'none of them', type: 'Negative' });
      Object.assign(ids, { boxTag: box.id, negative: negative.id });
      const again = client.call('createTag', { projectId, name: names[0] });
      await expect(again).rejects.toMatchObject({ status: 400, code: 'BadRequestTagNameNotUnique' });
    },
  },
  {
    operation: 'getTags',
    does: 'lists them by name',
    run: async (world) => {
      const names = (await world.client.call('getTags', { projectId: idOf(world, 'project') })).map(({ name }) => name);
      expect(names).toEqual([...new Set(world.photos.map(({ tag }) => tag)), 'none of them'].sort());
    },
  },
  {
    operation: 'getTag',
    does: 'tells one with how many images it has',
    run: async (world) => {
      const given = { projectId: idOf(world, 'project'), tagId: idOf(world, 'negative') };
      expect(await world.client.call('getTag', given)).toMatchObject({ id: given.tagId, imageCount: 0 });
    },
  },
  {
    operation: 'updateTag',
    does: 'changes name and description',
    run: async (world) => {
      const updatedTag = { name: 'nothing', description: 'of these', type: 'Negative' };
      const given = { projectId: idOf(world, 'project'), tagId: idOf(world, 'negative'), updatedTag };
      expect(await world.client.call('updateTag', given)).toMatchObject(updatedTag);
    },
  },
  {
    operation: 'deleteTag',
    does: 'deletes one',
    run: async (world) => {
      const given = { projectId: idOf(world, 'project'), tagId: idOf(world, 'negative') };
      await world.client.call('deleteTag', given);
      await expect(world.client.call('getTag', given)).rejects.toMatchObject({ status: 404, code: 'NotFoundTag' });
    },
  },
];
