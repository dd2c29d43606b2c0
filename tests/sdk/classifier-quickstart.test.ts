import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerKey, startServer, type TestServer } from '../integration/api/setup.ts';
import type { SdkClient, Wire } from './client.ts';
import { newestClient } from './javascript-client.ts';
import { hasPython, pythonClient } from './python-client.ts';
import { findPhotographs, trainAndPublish } from './quickstart.ts';

const trees = findPhotographs('azure-trees');

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

interface Tree {
  name: string;
  folder: string;
}

const kinds: readonly Tree[] = [
  { name: 'Hemlock', folder: 'Hemlock' },
  { name: 'Japanese Cherry', folder: 'Japanese_Cherry' },
];

async function photosOf({ folder }: Tree): Promise<{ name: string; contents: Buffer }[]> {
  const place = `${trees}/train/${folder}`;
  const names = await readdir(place);
  return Promise.all(names.map(async (name) => ({ name, contents: await readFile(`${place}/${name}`) })));
}

type Upload = (client: SdkClient, projectId: string, tagIds: Map<Tree, string>) => Promise<void>;

/** As the quickstart for JavaScript does it: all at once, without waiting for one another. */
const inParallel: Upload = async (client, projectId, tagIds) => {
  const uploads = kinds.map(async (kind) =>
    Promise.all(
      (await photosOf(kind)).map(({ contents }) =>
        client.call('createImagesFromData', { projectId, imageData: contents, tagIds: [tagIds.get(kind)] }),
      ),
    ),
  );
  const summaries = (await Promise.all(uploads)).flat();
  expect(summaries.every(({ isBatchSuccessful }) => isBatchSuccessful)).toBe(true);
};

/** As the quickstart for Python does it. */
const inOneBatch: Upload = async (client, projectId, tagIds) => {
  const entries = kinds.map(async (kind) =>
    (await photosOf(kind)).map((photo) => ({ ...photo, tagIds: [tagIds.get(kind)] })),
  );
  const batch = { images: (await Promise.all(entries)).flat() };
  const summary = await client.call('createImagesFromFiles', { projectId, batch });
  expect(summary.isBatchSuccessful).toBe(true);
};

/** From nothing to a prediction with a published model. */
async function classifyTrees(client: SdkClient, upload: Upload): Promise<Wire> {
  const { id: projectId } = await client.call('createProject', { name: `Trees with ${client.name}` });
  const tagIds = new Map<Tree, string>();
  for (const kind of kinds) tagIds.set(kind, (await client.call('createTag', { projectId, name: kind.name })).id);
  await upload(client, projectId, tagIds);
  const publishName = 'classifyModel';
  await trainAndPublish(client, projectId, { publishName, withinMs: 120_000 });
  const imageData = await readFile(`${trees}/quickstart-test/test_image.jpg`);
  return client.call('classifyImage', { projectId, publishedName: publishName, imageData });
}

describe.skipIf(!trees)('the quickstart of a classifier ends with the right tree', () => {
  it('in JavaScript, with all uploads at once', async () => {
    const { predictions } = await classifyTrees(newestClient(server.url, ownerKey), inParallel);
    expect(predictions[0]).toMatchObject({ tagName: 'Hemlock' });
  });

  it.skipIf(!hasPython)('in Python, with one batch', async () => {
    const client = await pythonClient(server.url, ownerKey);
    const { predictions } = await classifyTrees(client, inOneBatch);
    expect(predictions[0]).toMatchObject({ tagName: 'Hemlock' });
    await client.close();
  });
});
