import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCoco, renderBoxedPhotos } from '../../../cli/boxed-photos.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taglens-coco-'));
  await mkdir(join(folder, 'images'));
});
afterEach(() => rm(folder, { recursive: true }));

const image = (id: number, split?: string) => ({
  id,
  file_name: `${id}.jpg`,
  width: 200,
  height: 100,
  ...(split && { split }),
});

async function writeCoco(content: object, photos: number[]): Promise<string> {
  for (const id of photos) await writeFile(join(folder, 'images', `${id}.jpg`), `photo ${id}`);
  const file = join(folder, 'annotations.json');
  await writeFile(file, JSON.stringify(content));
  return file;
}

test('boxes of a COCO file become fractions, cut at the edges; crowds are passed over', async () => {
  const annotations = [
    { image_id: 1, category_id: 7, bbox: [50, 25, 50, 25] },
    { image_id: 1, category_id: 7, bbox: [150, 50, 100, 100] },
    { image_id: 1, category_id: 7, bbox: [0, 0, 200, 100], iscrowd: 1 },
  ];
  const content = { categories: [{ id: 7, name: 'fork' }], images: [image(1, 'train'), image(2, 'test')], annotations };
  const [first, second] = await readCoco(await writeCoco(content, [1, 2]), null);
  expect(first).toMatchObject({ name: '1.jpg', isTest: false });
  expect(first?.boxes).toEqual([
    { tag: 'fork', left: 0.25, top: 0.25, width: 0.25, height: 0.25 },
    { tag: 'fork', left: 0.75, top: 0.5, width: 0.25, height: 0.5 },
  ]);
  expect(second).toMatchObject({ isTest: true, boxes: [] });
  expect((await second?.read())?.toString()).toBe('photo 2');
});

test('without a split every fifth photograph is held back', async () => {
  const ids = [1, 2, 3, 4, 5, 6];
  const content = { categories: [], images: ids.map((id) => image(id)), annotations: [] };
  const photos = await readCoco(await writeCoco(content, ids), null);
  expect(photos.map(({ isTest }) => isTest)).toEqual([false, false, false, false, true, false]);
});

test('says what is wrong with a file', async () => {
  const none = { categories: [], images: [], annotations: [] };
  const refusal = async (content: object): Promise<unknown> =>
    readCoco(await writeCoco(content, [1]), null).catch((error: Error) => error.message);
  expect(await refusal({ images: [] })).toContain('the list categories is missing');
  expect(await refusal({ ...none, images: [image(2)] })).toContain('The image 2.jpg is not in');
  const annotations = [{ image_id: 1, category_id: 3, bbox: [0, 0, 1, 1] }];
  expect(await refusal({ ...none, images: [image(1)], annotations })).toContain(
    'has the category 3, which the file lacks',
  );
  const flat = { id: 1, file_name: '1.jpg' };
  const categories = [{ id: 3, name: 'c' }];
  expect(await refusal({ categories, images: [flat], annotations })).toContain('1.jpg has no width and height');
});

test('of rendered photographs a round of every tag is held back', async () => {
  const photos = await renderBoxedPhotos(5, () => undefined);
  const held = photos.filter(({ isTest }) => isTest).map(({ boxes }) => boxes[0]?.tag);
  expect([photos.length, held.length, new Set(held).size]).toEqual([25, 5, 5]);
});
