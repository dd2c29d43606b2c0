import { expect, test } from 'vitest';
import { Image } from '../../../schema/entities/image.entity.ts';
import { newId } from '../../../schema/id.ts';
import { freshBackend } from '../../backends/backend.ts';
import { withData } from '../operations/setup.ts';
import { makeProject, ownerKey, startServerOn } from './setup.ts';

/** More than a count looks at where every row has to be fetched. */
const imageCount = 25_500;
const insertedAtOnce = 500;

const imageOf = (projectId: string, at: number): Image => ({
  id: newId(),
  projectId,
  name: `${at}.jpg`,
  format: 'jpeg',
  width: 1,
  height: 1,
  sizeBytes: 1,
  sha256: `${at}`.padStart(64, '0'),
  perceptualHash: '0'.repeat(16),
  isTest: false,
  isTagged: false,
  createdAt: new Date(),
});

test('a count of Azure’s is of all images, also where a list says that there are at least so many', async () => {
  const backend = await freshBackend();
  const server = await startServerOn(backend);
  const { projectId } = await makeProject(server);
  await withData(backend.settings, async (database) => {
    for (let at = 0; at < imageCount; at += insertedAtOnce) {
      const rows = Array.from({ length: insertedAtOnce }, (_, i) => imageOf(projectId, at + i));
      await database.transact((manager) => manager.insert(Image, rows));
    }
  });
  const path = `customvision/v3.4-preview/training/projects/${projectId}/images/count`;
  const filter = encodeURIComponent("camera ne 'left'");
  const counted = await fetch(`${server.url}/${path}?$filter=${filter}`, { headers: { 'Training-Key': ownerKey } });
  expect(await counted.json()).toBe(imageCount);
  await server.close();
  await backend.close();
});
