import { createHash } from 'node:crypto';
import { type Dirent } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { renderSamples } from '../samples/render.ts';
import { CliError } from './errors.ts';

export interface Photo {
  name: string;
  tag: string;
  read: () => Promise<Buffer>;
}

export interface PhotoSet {
  training: Photo[];
  heldBack: Photo[];
}

const extensions = new Set(['.jpg', '.jpeg', '.png', '.bmp', '.gif', '.webp', '.avif']);
const heldBackShare = 0.2;

const isVisible = ({ name }: Dirent): boolean => !name.startsWith('.');
const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter(isVisible).sort(byName);
  } catch {
    throw new CliError(`Cannot read the folder ${folder}`);
  }
}

async function readTagFolders(folder: string): Promise<Photo[]> {
  const tags = (await entriesOf(folder)).filter((entry) => entry.isDirectory());
  const photos: Photo[] = [];
  for (const { name: tag } of tags) {
    for (const file of await entriesOf(join(folder, tag))) {
      if (!file.isFile() || !extensions.has(extname(file.name).toLowerCase())) continue;
      photos.push({ name: file.name, tag, read: () => readFile(join(folder, tag, file.name)) });
    }
  }
  return photos;
}

/** Holds back a fifth of each tag's photographs, chosen by name alone so that every run chooses the same. */
export function splitPhotos(photos: readonly Photo[]): PhotoSet {
  const order = ({ tag, name }: Photo): string => createHash('sha256').update(`${tag}/${name}`).digest('hex');
  const set: PhotoSet = { training: [], heldBack: [] };
  for (const tag of new Set(photos.map((photo) => photo.tag))) {
    const own = photos.filter((photo) => photo.tag === tag).sort((a, b) => (order(a) < order(b) ? -1 : 1));
    const count = own.length >= 5 ? Math.max(1, Math.round(own.length * heldBackShare)) : 0;
    set.heldBack.push(...own.slice(0, count));
    set.training.push(...own.slice(count));
  }
  return set;
}

/** Reads `tag/photo` folders, or `train/tag/photo` and `test/tag/photo` where both are there. */
export async function readPhotoFolder(folder: string): Promise<PhotoSet> {
  const names = (await entriesOf(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const isSplit = names.includes('train') && names.includes('test');
  const set = isSplit
    ? { training: await readTagFolders(join(folder, 'train')), heldBack: await readTagFolders(join(folder, 'test')) }
    : splitPhotos(await readTagFolders(folder));
  const tagCount = new Set(set.training.map(({ tag }) => tag)).size;
  if (tagCount < 2) throw new CliError(`${folder} needs images in at least two subfolders, one per tag`);
  return set;
}

/** Renders the sample road signs straight into memory. */
export async function renderPhotos(perTag: number, onPhoto: (done: number) => void): Promise<PhotoSet> {
  const photos: Photo[] = [];
  for await (const { name, tag, jpeg } of renderSamples({ perTag })) {
    photos.push({ name, tag, read: () => Promise.resolve(jpeg) });
    onPhoto(photos.length);
  }
  return splitPhotos(photos);
}
