import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

test('every package is meant for the Node that runs this', async () => {
  // In a folder of its own, where npm has nothing to change.
  const folder = await mkdtemp(join(tmpdir(), 'taglens-packages-'));
  for (const name of ['package.json', 'package-lock.json']) await copyFile(join(root, name), join(folder, name));
  const install = ['install', '--package-lock-only', '--engine-strict', '--offline', '--no-audit'];
  const { stderr } = await promisify(execFile)('npm', install, { cwd: folder });
  expect(stderr).not.toContain('EBADENGINE');
  await rm(folder, { recursive: true });
});
