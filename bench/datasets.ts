import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../shared/datasets', import.meta.url));

export interface LabelledFile {
  path: string;
  tag: string;
}

export interface Dataset {
  name: string;
  tags: string[];
  train: LabelledFile[];
  /** Never trained on, and never chosen by. */
  test: LabelledFile[];
}

async function filesOf(folder: string): Promise<LabelledFile[]> {
  const files: LabelledFile[] = [];
  for (const tag of (await readdir(folder)).sort())
    for (const name of (await readdir(join(folder, tag))).sort()) files.push({ path: join(folder, tag, name), tag });
  return files;
}

/** The photographs that figures are measured on lie beside the project, not in it; null and a word when they do not. */
export async function findDataset(name: string): Promise<Dataset | null> {
  if (!existsSync(join(root, name))) {
    console.log(`${join(root, name)} is not there: skipped.`);
    return null;
  }
  const [train, test] = [await filesOf(join(root, name, 'train')), await filesOf(join(root, name, 'test'))];
  return { name, tags: [...new Set(train.map(({ tag }) => tag))], train, test };
}
