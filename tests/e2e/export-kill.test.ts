import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { renderSamples } from '../../samples/render.ts';
import { startProcess, type ServerProcess } from './process.ts';
import { ask, makeProject, startTraining, waitForEnd, type Photograph } from './training-steps.ts';

interface ExportState {
  id: string;
  status: string;
  fraction: number;
  sha256: string | null;
  downloadUrl: string | null;
}

const fields = 'id status fraction sha256 downloadUrl';
const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function exportUntil(
  client: ServerProcess['client'],
  id: string,
  isReached: (state: ExportState) => boolean,
): Promise<ExportState> {
  for (;;) {
    const state = await ask<ExportState>(client, `query ($id: ID!) { export(id: $id) { ${fields} } }`, { id });
    if (isReached(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('an export killed at any step ends with a whole archive, and leaves nothing else', async () => {
  const data = await mkdtemp(join(tmpdir(), 'taglens-export-kill-'));
  folders.push(data);
  const photographs: Photograph[] = [];
  for await (const { tag, jpeg } of renderSamples({ perTag: 6, seed: 12, size: 120 })) photographs.push({ tag, jpeg });
  let server = await startProcess(data);
  const { id: iterationId } = await startTraining(server.client, await makeProject(server.client, photographs));
  expect(await waitForEnd(server.client, iterationId)).toMatchObject({ status: 'COMPLETED' });
  const moments: [flavor: string | null, isReached: (state: ExportState) => boolean][] = [
    [null, () => true],
    ['OnnxFloat16', ({ fraction }) => fraction >= 0.1],
    ['ONNX12', ({ fraction }) => fraction >= 0.4],
  ];
  const ids: string[] = [];
  for (const [flavor, isReached] of moments) {
    const { id } = await ask<ExportState>(
      server.client,
      `mutation ($input: ExportIterationInput!) { exportIteration(input: $input) { ${fields} } }`,
      { input: { iterationId, platform: 'ONNX', flavor } },
    );
    ids.push(id);
    await exportUntil(server.client, id, isReached);
    await server.end('SIGKILL');
    server = await startProcess(data);
    const { status, downloadUrl, sha256 } = await exportUntil(server.client, id, (s) => s.status !== 'EXPORTING');
    expect(status).toBe('DONE');
    const archive = new Uint8Array(await (await fetch(downloadUrl ?? '')).arrayBuffer());
    expect(createHash('sha256').update(archive).digest('hex')).toBe(sha256);
  }
  expect((await readdir(join(data, 'objects', 'exports'))).sort()).toEqual(ids.sort());
  await server.end('SIGTERM');
});
