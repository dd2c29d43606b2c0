import { unzipSync } from 'fflate';
import { expect } from 'vitest';
import { idOf, until, type World } from '../world.ts';
import type { Scenario } from './scenario.ts';

const ofIteration = (world: World) => ({
  projectId: idOf(world, 'project'),
  iterationId: idOf(world, 'iteration'),
});

const filesOf = (zip: Uint8Array): string[] => Object.keys(unzipSync(zip));

export const exportScenarios: readonly Scenario[] = [
  {
    operation: 'exportIteration',
    does: 'begins an export to ONNX, and refuses what nobody makes',
    run: async (world) => {
      const started = await world.client.call('exportIteration', { ...ofIteration(world), platform: 'ONNX' });
      expect(started).toMatchObject({ platform: 'ONNX', status: 'Exporting' });
      const unmade = world.client.call('exportIteration', { ...ofIteration(world), platform: 'VAIDK' });
      await expect(unmade).rejects.toMatchObject({ status: 400 });
    },
  },
  {
    operation: 'getExports',
    does: 'tells where the zip is, which needs no key',
    run: async (world) => {
      const ask = () => world.client.call('getExports', ofIteration(world));
      const [made] = await until(ask, ([one]) => one?.status !== 'Exporting');
      expect(made).toMatchObject({ platform: 'ONNX', status: 'Done' });
      const zip = new Uint8Array(await (await fetch(made?.downloadUri ?? '')).arrayBuffer());
      expect(filesOf(zip)).toEqual(expect.arrayContaining(['model.onnx', 'labels.txt', 'cvexport.manifest']));
      world.ids['artifact'] = made?.downloadUri ?? '';
    },
  },
  {
    operation: 'getArtifact',
    does: 'gives the same zip by its path',
    run: async (world) => {
      const [id] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(idOf(world, 'artifact')) ?? [];
      const path = `exports/${id}/model.zip`;
      const zip = await world.client.call<Buffer>('getArtifact', { projectId: idOf(world, 'project'), path });
      expect(filesOf(zip)).toContain('model.onnx');
    },
  },
];

export const copyScenarios: readonly Scenario[] = [
  {
    operation: 'exportProject',
    does: 'gives a token and counts',
    run: async (world) => {
      const answer = await world.client.call('exportProject', { projectId: idOf(world, 'project') });
      expect(answer).toMatchObject({ tagCount: 2, iterationCount: 1 });
      world.ids['token'] = answer.token;
    },
  },
  {
    operation: 'importProject',
    does: 'rebuilds the project under a name of its own',
    run: async (world) => {
      const name = `Copy with ${world.client.name}`;
      const copy = await world.client.call('importProject', { token: idOf(world, 'token'), name });
      expect(copy.id).not.toBe(idOf(world, 'project'));
      const ask = () => world.client.call('getProject', { projectId: copy.id });
      expect(await until(ask, ({ status }) => status !== 'Importing')).toMatchObject({ name, status: 'Succeeded' });
      expect(await world.client.call('getTags', { projectId: copy.id })).toHaveLength(2);
      await world.client.call('deleteProject', { projectId: copy.id });
    },
  },
];
