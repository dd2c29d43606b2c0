import { rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Afterwards the folders on the way to one, and itself, are gone that were not there before; those with something in them stay. */
export async function withoutNewFolders<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const missing = await missingFolders(resolve(folder));
  try {
    return await work();
  } finally {
    for (const path of missing) await rmdir(path).catch(() => undefined);
  }
}

/** The deepest first. */
async function missingFolders(folder: string): Promise<string[]> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  return isThere ? [] : [folder, ...(await missingFolders(dirname(folder)))];
}
