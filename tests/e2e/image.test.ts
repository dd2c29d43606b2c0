import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutSettings } from '../../infra/config.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let image: string;

/** The files that go into the container image, with its packages but for one of development. */
beforeAll(async () => {
  image = await mkdtemp(join(tmpdir(), 'taglens-image-'));
  const rules = await readFile(join(root, 'infra/deploy/Dockerfile.dockerignore'), 'utf8');
  for (const [, name = ''] of rules.matchAll(/^!(.+)$/gm))
    await cp(join(root, name), join(image, name), { recursive: true });
  await mkdir(join(image, 'node_modules'));
  for (const name of await readdir(join(root, 'node_modules')))
    if (!['autocannon', '.cache'].includes(name))
      await symlink(join(root, 'node_modules', name), join(image, 'node_modules', name));
});
afterAll(() => rm(image, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ failed: boolean; output: string }> {
  const command = [join(image, 'bin/taglens.js'), ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, command, { env: withoutSettings(process.env) }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, output: stdout + stderr }),
    ),
  );
}

test.each([
  ['predict', 'autocannon'],
  ['load', 'mysql.mjs'],
])('a benchmark that needs what an image lacks says so: %s', async (name, lacking) => {
  expect(await run('bench', name, '--smoke')).toEqual({
    failed: true,
    output: `taglens: bench ${name} needs ${lacking}, which is there for development only. Run it in a clone of the repository, after \`npm ci\`.\n`,
  });
});

test('a benchmark that needs no more is not kept from an image by those that do', async () => {
  const { failed, output } = await run('bench', 'proposals', '--smoke');
  expect(output).not.toContain('development');
  expect(failed).toBe(false);
});
