import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from './backend.ts';

/** SQLite and objects in a temporary folder. */
export async function folderBackend(): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-test-'));
  return { settings: { TAGLENS_DATA: folder }, close: () => rm(folder, { recursive: true, force: true }) };
}
