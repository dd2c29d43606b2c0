import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addImages, bearer, makeProject, makeTrainableProject, trainToEnd } from '../integration/api/setup.ts';
import { hostileImageCount, hostileImages, type HostileImage } from './hostile-images/hostile-images.ts';
import { ownerKey, peakBytesOf, startProcess, type ServerProcess } from './process.ts';

const compactDomain = '0732100f-1a38-4e49-a514-c9b44c697ab5';
const maxResidentBytes = 1_500_000_000;

let folder: string;
let server: ServerProcess;
const images: HostileImage[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taglens-hostile-'));
  server = await startProcess(folder);
  for await (const image of hostileImages()) images.push(image);
});
afterAll(async () => {
  await server.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

async function expectAlive(): Promise<void> {
  expect(server.child.exitCode).toBeNull();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await peakBytesOf(server)).toBeLessThan(maxResidentBytes);
}

test('two hundred hostile uploads get a clear answer each, and the server lives', async () => {
  expect(images).toHaveLength(hostileImageCount);
  const { projectId } = await makeProject(server);
  for (let at = 0; at < images.length; at += 20) {
    const batch = images.slice(at, at + 20);
    const sources = batch.map(({ name, bytes }) => ({ name, source: { base64: bytes.toString('base64') } }));
    const results = await addImages(server, { projectId, images: sources });
    batch.forEach(({ name, expectation }, i) => {
      const result = results[i];
      const isIn = result?.image != null;
      if (expectation === 'ACCEPTED') expect([name, isIn, result?.message]).toEqual([name, true, null]);
      if (expectation === 'REFUSED') expect([name, isIn]).toEqual([name, false]);
      if (!isIn) expect(result?.code, name).toMatch(/^[A-Z_]+$/);
      if (!isIn) expect(result?.message?.length, name).toBeGreaterThan(10);
    });
  }
  await expectAlive();
});

test('the same as predictions answer 200 or say in a 4xx what is wrong', async () => {
  const projectId = await makeTrainableProject(server, 2, 31);
  await server.client.request('mutation ($i: UpdateProjectInput!) { updateProject(input: $i) { id } }', {
    i: { id: projectId, domainId: compactDomain },
  });
  const { id } = await trainToEnd(server, projectId);
  await server.client.request(
    'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }',
    { id },
  );
  const address = `${server.url}/v1/projects/${projectId}/predict/live`;
  for (const { name, bytes, expectation } of images) {
    const headers = { ...bearer(ownerKey), 'content-type': 'application/octet-stream' };
    const response = await fetch(address, { method: 'POST', headers, body: bytes });
    const answer = (await response.json()) as { results?: unknown[]; error?: { code: string; message: string } };
    expect(response.status, name).toBeLessThan(500);
    if (expectation === 'REFUSED') expect(response.status, name).toBeGreaterThanOrEqual(400);
    if (response.status === 200) expect(answer.results, name).toHaveLength(5);
    else expect(answer.error?.message.length, name).toBeGreaterThan(10);
  }
  await expectAlive();
});
