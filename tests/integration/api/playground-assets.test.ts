import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import Fastify from 'fastify';
import { afterEach, expect, test } from 'vitest';
import type * as Playground from '../../../api/http/playground.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string | undefined;
afterEach(() => folder && rm(folder, { recursive: true, force: true }));

/** The module of the playground, as if Taglens had been cloned there. */
async function playgroundIn(place: string): Promise<typeof Playground> {
  const { code } = await transform(await readFile(join(root, 'api/http/playground.ts'), 'utf8'), { loader: 'ts' });
  await writeFile(join(place, 'playground.mjs'), code);
  await copyFile(join(root, 'api/http/playground-start.js'), join(place, 'playground-start.js'));
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  return import(pathToFileURL(join(place, 'playground.mjs')).href) as Promise<typeof Playground>;
}

test('every file of the playground is served from a path with blanks, umlauts and percent signs', async () => {
  folder = await mkdtemp(join(tmpdir(), 'Schöne Bilder 100%-'));
  const { playgroundPage, servePlaygroundAssets } = await playgroundIn(folder);
  const app = Fastify();
  servePlaygroundAssets(app);
  const addresses = [...playgroundPage.html.matchAll(/\/playground\/[\w.-]+/g)].map(([address]) => address);
  expect(addresses).toContain('/playground/start.js');
  for (const address of addresses) expect([address, (await app.inject(address)).statusCode]).toEqual([address, 200]);
  await app.close();
});
