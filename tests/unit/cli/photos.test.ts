import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Photo, readPhotoFolder, splitPhotos } from '../../../cli/photos.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taglens-photos-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path);
  }
}

const paths = (photos: readonly Photo[]): string[] => photos.map(({ tag, name }) => `${tag}/${name}`).sort();
const photosOf = (tag: string, count: number): Photo[] =>
  Array.from({ length: count }, (_, index) => ({
    tag,
    name: `${index}.jpg`,
    read: () => Promise.resolve(Buffer.alloc(0)),
  }));

test('takes photographs by extension, whatever its case, and leaves the rest', async () => {
  await put('cat/a.JPG', 'cat/b.webp', 'cat/notes.txt', 'cat/.hidden.jpg', 'dog/c.png', '.git/d.png', 'boxes.json');
  const { training, heldBack } = await readPhotoFolder(folder);
  expect(paths(training)).toEqual(['cat/a.JPG', 'cat/b.webp', 'dog/c.png']);
  expect(heldBack).toEqual([]);
  const first = training.find(({ name }) => name === 'a.JPG');
  expect((await first?.read())?.toString()).toBe('cat/a.JPG');
});

test('uses train/ and test/ as they are', async () => {
  await put('train/cat/a.jpg', 'train/dog/b.jpg', 'test/cat/c.jpg', 'test/dog/d.jpg');
  const { training, heldBack } = await readPhotoFolder(folder);
  expect(paths(training)).toEqual(['cat/a.jpg', 'dog/b.jpg']);
  expect(paths(heldBack)).toEqual(['cat/c.jpg', 'dog/d.jpg']);
});

test('says plainly what is wrong with a folder', async () => {
  await put('only/a.jpg');
  await expect(readPhotoFolder(folder)).rejects.toThrow('at least two subfolders');
  await expect(readPhotoFolder(join(folder, 'missing'))).rejects.toThrow('Cannot read the folder');
});

test('holds back a fifth of each tag, none below five, the same whatever the order', () => {
  const photos = [...photosOf('many', 30), ...photosOf('five', 5), ...photosOf('few', 4)];
  const split = splitPhotos(photos);
  const counts = ['many', 'five', 'few'].map((tag) => split.heldBack.filter((photo) => photo.tag === tag).length);
  expect(counts).toEqual([6, 1, 0]);
  expect(paths([...split.training, ...split.heldBack])).toEqual(paths(photos));
  expect(paths(splitPhotos([...photos].reverse()).heldBack)).toEqual(paths(split.heldBack));
});
