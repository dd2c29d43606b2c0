import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ownerKey, startServer } from '../integration/api/setup.ts';
import { hasPython, runPython } from './python-client.ts';

const document = fileURLToPath(new URL('../../schema/azure-openapi.json', import.meta.url));

it.skipIf(!hasPython)(
  'answers nothing that the OpenAPI document does not name, and no 5xx, whatever Schemathesis sends',
  async () => {
    const server = await startServer();
    const { code, output } = await runPython('conformance.py', [document, server.url, ownerKey]);
    await server.close();
    expect(code, output).toBe(0);
  },
);
