import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openStorage } from '../../infra/storage/open.ts';
import { newId } from '../../schema/id.ts';
import type { Backend } from '../backends/backend.ts';
import { folderBackend } from '../backends/folder.ts';
import { keysBelow } from '../integration/api/setup.ts';
import { rowsOf, withData } from '../integration/operations/setup.ts';
import { EventRow } from '../../schema/entities/event.entity.ts';
import { ServerSecret } from '../../schema/entities/server-secret.entity.ts';

const program = fileURLToPath(new URL('../../bin/taglens.js', import.meta.url));
const objectCount = 1200;
/** Objects that may be in the target and not yet in its journal when the process dies: one batch. */
const batchSize = 64;
const backends: Backend[] = [];

afterAll(async () => {
  for (const backend of backends) await backend.close();
});

async function newFolder(): Promise<string> {
  const backend = await folderBackend();
  backends.push(backend);
  return backend.settings['TAGLENS_DATA'] as string;
}

/** Enough rows and objects that a copy takes a while. */
async function fill(folder: string): Promise<void> {
  await withData({ TAGLENS_DATA: folder }, async (database, storage) => {
    const rest = { topic: 't', projectId: null, payload: { text: 'x'.repeat(500) }, createdAt: 1 };
    await database.transact(async (manager) => {
      await manager.insert(ServerSecret, { name: 'installation', value: newId() });
      for (let at = 0; at < 20; at++)
        await manager.insert(
          EventRow,
          Array.from({ length: 100 }, () => ({ ...rest, entityId: newId() })),
        );
    });
    for (let at = 0; at < objectCount; at++) await storage.put(`features/x/${newId()}`, randomBytes(2000));
  });
}

function migrate(from: string, to: string): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const command = [program, 'migrate-data', '--from-data', from, '--to-data', to];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  return child;
}

async function writtenTimes(folder: string): Promise<Map<string, number>> {
  const keys = await objectsIn(folder);
  const times = keys.map(async (key) => [key, (await stat(join(folder, 'objects', key))).mtimeMs] as const);
  return new Map(await Promise.all(times));
}

const objectsIn = async (folder: string): Promise<string[]> =>
  keysBelow(await openStorage({ kind: 'disk', folder: join(folder, 'objects') }), '');

test('a migration killed in the middle goes on and copies nothing twice', async () => {
  const [from, to] = [await newFolder(), await newFolder()];
  await fill(from);
  const first = migrate(from, to);
  first.stdout.resume();
  const ended = once(first, 'exit');
  while (first.exitCode === null && (await objectsIn(to)).length < 300)
    await new Promise((resolve) => setTimeout(resolve, 20));
  first.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);

  const before = await writtenTimes(to);
  expect(before.size).toBeLessThan(objectCount);
  const second = migrate(from, to);
  const [output] = await Promise.all([text(second.stdout), once(second, 'exit')]);
  expect(output).toContain('An earlier attempt was found and continued.');
  expect(second.exitCode).toBe(0);
  const after = await writtenTimes(to);
  const again = [...before].filter(([key, time]) => after.get(key) !== time);
  expect(again.length).toBeLessThanOrEqual(batchSize);
  expect(after.size).toBe(objectCount);
  expect(await rowsOf({ TAGLENS_DATA: to })).toEqual(await rowsOf({ TAGLENS_DATA: from }));
});
