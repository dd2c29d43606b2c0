import { afterAll, beforeAll, expect, test, vi } from 'vitest';
// First: it brings the shim that the decorators of our outputs need.
import { openObservedApi, owner, type ObservedApi } from './observed-api.ts';
import { samples } from './setup.ts';

let api: ObservedApi;
beforeAll(async () => {
  api = await openObservedApi();
});
afterAll(() => api.close());

test('pictures that wait to be looked at are not in memory', async () => {
  const { projects, images, proposals } = api.services;
  const { id: projectId } = await projects.create(owner, { name: 'p', description: '', kind: 'DETECTION' as never });
  const [picture] = await samples(1, 7, 64);
  const source = { base64: picture?.jpeg.toString('base64') ?? '' };
  const batch = { projectId, tagIds: [], images: [{ source, tagIds: [], regions: [], isTest: false }] };
  const [added] = (await images.add(owner, batch)).results;
  const image = await images.get(owner, 'label', added?.imageId ?? '');
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reading = vi.spyOn(api.storage, 'get').mockImplementation(() => opened.then(() => Buffer.alloc(1)));
  const asked = Array.from({ length: 10 }, () => proposals.propose(owner, image, 1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(reading).toHaveBeenCalledTimes(2);
  open();
  expect(await Promise.all(asked)).toEqual(asked.map(() => []));
  expect(reading).toHaveBeenCalledTimes(10);
});
