import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshBackend, type Backend } from '../backends/backend.ts';
import { ownerKey, startServerOn, type TestServer } from '../integration/api/setup.ts';
import type { SdkClient } from './client.ts';
import { publishDetector } from './detector.ts';
import { newestClient, olderClients } from './javascript-client.ts';
import { printMatrix, type Outcome } from './matrix.ts';
import { hasPython, pythonClient } from './python-client.ts';
import { scenarios } from './scenarios/all.ts';
import { showPicture, twoTagsOfPhotos, type World } from './world.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Skipped because there is nothing to try here, not for want of something: CI lets it pass. */
    doesNotApply?: boolean;
  }
}

const settings = { TAGLENS_URL_ALLOW: '127.0.0.1' };
const columns = new Map<string, Map<string, Outcome>>();

let backend: Backend;
let server: TestServer;
let picture: Awaited<ReturnType<typeof showPicture>>;
let photos: World['photos'];
let detector: World['detector'];
beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend, settings);
  detector = await publishDetector(server, backend);
  photos = await twoTagsOfPhotos();
  picture = await showPicture(photos.at(-1)?.jpeg ?? Buffer.alloc(0));
});
afterAll(async () => {
  printMatrix(columns);
  await picture.close();
  await server.close();
  await backend.close();
});

it('covers all 52 and 8 operations, each once', () => {
  const { operations } = newestClient(server.url, ownerKey);
  expect(scenarios.map(({ operation }) => operation).sort()).toEqual([...operations].sort());
  expect(operations.size).toBe(60);
});

type Open = (url: string, key: string) => SdkClient | Promise<SdkClient>;
const clients: { name: string; open: Open; isThere?: boolean }[] = [
  { name: 'JavaScript 5', open: newestClient },
  ...olderClients,
  { name: 'Python 3.1', open: pythonClient, isThere: hasPython },
];

for (const { name, open, isThere = true } of clients)
  describe.skipIf(!isThere)(`Azure’s own client, ${name},`, () => {
    let world: World;
    const outcomes = new Map<string, Outcome>();
    beforeAll(async () => {
      columns.set(name, outcomes);
      const client = await open(server.url, ownerKey);
      world = { client, photos, pictureUrl: picture.url, detector, ids: {} };
    });
    afterAll(() => world.client.close());

    for (const { operation, does, run } of scenarios)
      it(`${operation} ${does}`, async (test) => {
        const isOffered = world.client.operations.has(operation);
        outcomes.set(operation, isOffered ? 'fails' : 'absent');
        if (!isOffered) {
          test.task.meta.doesNotApply = true;
          return test.skip();
        }
        await run(world);
        outcomes.set(operation, 'works');
      });
  });
