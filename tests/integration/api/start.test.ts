import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serve } from '../../../api/main.ts';
import { describeError } from '../../../cli/errors.ts';
import type { Backend } from '../../backends/backend.ts';
import { folderBackend } from '../../backends/folder.ts';

let backend: Backend;
let data: string;

beforeAll(async () => {
  backend = await folderBackend();
  data = backend.settings['TAGLENS_DATA'] as string;
});
afterAll(() => backend.close());

/** What the command line prints of a start that fails. */
async function startFailure(settings: Record<string, string>): Promise<string | null> {
  const env = { TAGLENS_DATA: data, TAGLENS_PORT: '0', TAGLENS_LOG_LEVEL: 'silent', ...settings };
  const error: unknown = await serve(env).then(
    () => null,
    (reason: unknown) => reason,
  );
  return describeError(error);
}

test('a port in use is told once, with the setting to change', async () => {
  const printed = vi.spyOn(console, 'error');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  expect(await startFailure({ TAGLENS_PORT: String(port) })).toBe(
    `taglens: Another program is listening on 127.0.0.1:${port}. Stop that program, or set TAGLENS_PORT to another port (0 takes a free one).`,
  );
  expect(printed).not.toHaveBeenCalled();
  other.close();
});

test('an address that is not of this machine is told with the settings to correct', async () => {
  expect(await startFailure({ TAGLENS_HOST: '192.0.2.1' })).toBe(
    'taglens: Taglens cannot listen on 192.0.2.1:0 (EADDRNOTAVAIL). Correct TAGLENS_HOST and TAGLENS_PORT.',
  );
});

test.each(['a-file', 'a-file/data'])(
  'a file where the data folder should be is told with its setting: %s',
  async (path) => {
    await writeFile(join(data, 'a-file'), '');
    const folder = join(data, path);
    expect(await startFailure({ TAGLENS_DATA: folder })).toBe(
      `taglens: TAGLENS_DATA names "${folder}", which cannot be used as a folder (a file is in its place or in its path). Choose another folder or correct this one; \`taglens doctor\` tells you more.`,
    );
  },
);

test('an execution provider that this machine lacks is told with its setting', async () => {
  expect(await startFailure({ TAGLENS_EXECUTION_PROVIDERS: 'nonsense,cpu' })).toMatch(
    /TAGLENS_EXECUTION_PROVIDERS: The execution provider nonsense does not work here: .*not found/,
  );
});
