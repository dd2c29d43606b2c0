import { expect, test, vi } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import type { ClassificationSnapshot } from '../../../schema/contracts/training.ts';
import { freshBackend } from '../../backends/backend.ts';
import { withData } from '../operations/setup.ts';
import { completedIteration } from './completed-iteration.ts';
import { makeProject, ownerKey, startServerOn } from './setup.ts';

test('the tags that a training saw are counted apart from the API, and once', async () => {
  const backend = await freshBackend();
  const server = await startServerOn(backend);
  const { projectId, tagIds } = await makeProject(server, { tags: ['a', 'b'] });
  const iterationId = await withData(backend.settings, (database) => completedIteration(database, projectId));
  const tags = Object.entries(tagIds).map(([name, id]) => ({ id, name, type: 'REGULAR' as const }));
  const image = { projectId, sha256: '', perceptualHash: '', isTest: false };
  const images = [[0], [0, 1], [0], []].map((tagIndexes, i) => ({ ...image, id: `${i}`, tagIndexes }));
  const snapshot: ClassificationSnapshot = { kind: 'MULTILABEL', tags, images };
  const path = `customvision/v3.4-preview/training/projects/${projectId}/tags?iterationId=${iterationId}`;
  const ask = async (): Promise<string[]> => {
    const answer = await fetch(`${server.url}/${path}`, { headers: { 'Training-Key': ownerKey } });
    return ((await answer.json()) as { name: string; imageCount: number }[]).map(
      (tag) => `${tag.name} ${tag.imageCount}`,
    );
  };
  expect(await ask()).toEqual([]);
  await server.storage.put(keys.snapshot(iterationId), Buffer.from(JSON.stringify(snapshot)));
  const parse = vi.spyOn(JSON, 'parse');
  expect(await ask()).toEqual(['a 3', 'b 1']);
  expect(parse.mock.calls.filter(([text]) => text.includes('tagIndexes'))).toEqual([]);
  parse.mockRestore();
  await server.storage.delete(keys.snapshot(iterationId));
  expect(await ask()).toEqual(['a 3', 'b 1']);
  await server.close();
  await backend.close();
});
