import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClassificationType } from '../workers/ml/classification/head-loss.ts';

const root = fileURLToPath(new URL('../../shared/datasets', import.meta.url));

export interface LabelledFile {
  path: string;
  /** One in a multi-class set; any number in a multi-label set. */
  tags: string[];
}

export interface BoxedFile {
  path: string;
  /** Pixels of the upright photograph. */
  size: { width: number; height: number };
  /** Fractions of the upright photograph. */
  boxes: { tag: string; left: number; top: number; width: number; height: number }[];
}

export interface DetectionDataset {
  name: string;
  tags: string[];
  train: BoxedFile[];
  test: BoxedFile[];
}

export interface Dataset {
  name: string;
  kind: ClassificationType;
  tags: string[];
  train: LabelledFile[];
  /** Never trained on, and never chosen by. */
  test: LabelledFile[];
}

/** The photographs that figures are measured on lie beside the project, not in it; null and a word when they do not. */
export async function findDataset(name: string): Promise<Dataset | null> {
  const folder = join(root, name);
  if (!existsSync(folder)) {
    console.log(`${folder} is not there: skipped.`);
    return null;
  }
  return existsSync(join(folder, 'multilabel.json')) ? multiLabel(name, folder) : multiClass(name, folder);
}

/** A folder for each split, and in it one for each tag. */
async function multiClass(name: string, folder: string): Promise<Dataset> {
  const [train, test] = [await filesOf(join(folder, 'train')), await filesOf(join(folder, 'test'))];
  return { name, kind: 'MULTICLASS', tags: [...new Set(train.flatMap(({ tags }) => tags))], train, test };
}

async function filesOf(folder: string): Promise<LabelledFile[]> {
  const files: LabelledFile[] = [];
  for (const tag of (await readdir(folder)).sort())
    for (const name of (await readdir(join(folder, tag))).sort())
      files.push({ path: join(folder, tag, name), tags: [tag] });
  return files;
}

/** One folder; the split is said beside the boxes, the tags of each photograph in a file of their own. */
async function multiLabel(name: string, folder: string): Promise<Dataset> {
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(folder, file), 'utf8'));
  const { tags, images } = (await read('multilabel.json')) as { tags: string[]; images: Record<string, string[]> };
  const { split } = (await read('annotations.json')) as { split: { train: string[]; test: string[] } };
  const files = (names: string[]): LabelledFile[] =>
    names.map((file) => ({ path: join(folder, 'images', file), tags: images[file] ?? [] }));
  return { name, kind: 'MULTILABEL', tags, train: files(split.train), test: files(split.test) };
}

/** The facts of a COCO file that are read here. */
interface CocoFile {
  categories: { id: number; name: string }[];
  images: { id: number; file_name: string; width: number; height: number }[];
  annotations: { image_id: number; category_id: number; bbox: [number, number, number, number] }[];
  split: { train: string[]; test: string[] };
}

/** Photographs with boxes; null and a word when they are not there. */
export async function findDetectionDataset(name: string): Promise<DetectionDataset | null> {
  const folder = join(root, name);
  if (!existsSync(folder)) {
    console.log(`${folder} is not there: skipped.`);
    return null;
  }
  const coco = JSON.parse(await readFile(join(folder, 'annotations.json'), 'utf8')) as CocoFile;
  const tagOf = new Map(coco.categories.map((category) => [category.id, category.name]));
  const files = (names: string[]): BoxedFile[] =>
    coco.images
      .filter((image) => names.includes(image.file_name))
      .map(({ id, file_name: file, width, height }) => ({
        path: join(folder, 'images', file),
        size: { width, height },
        boxes: coco.annotations
          .filter((annotation) => annotation.image_id === id)
          .map(({ category_id: category, bbox: [x, y, w, h] }) => {
            const box = { left: x / width, top: y / height, width: w / width, height: h / height };
            return { tag: tagOf.get(category) ?? '', ...box };
          }),
      }));
  return { name, tags: [...tagOf.values()], train: files(coco.split.train), test: files(coco.split.test) };
}
