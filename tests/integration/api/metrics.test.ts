import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import { bearer, makeTrainableProject, ownerKey, samples, startServer, trainToEnd, type TestServer } from './setup.ts';

/** General (compact): only models of compact domains are exported. */
const compactDomain = '0732100f-1a38-4e49-a514-c9b44c697ab5';

let server: TestServer;

beforeAll(async () => {
  server = await startServer({
    TAGLENS_PREDICTION_THREADS: '1',
    TAGLENS_RATE_LIMIT_PREDICTIONS_PER_MINUTE: '3',
    // With a Temporal server it is the worker process that counts activities.
    TAGLENS_TEMPORAL_ADDRESS: '',
  });
});
afterAll(() => server.close());

/** Lines of /metrics that count something, by name and labels. */
async function counted(): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Waits until something is counted: threads tell what they measured once a second. */
async function total(name: RegExp): Promise<number> {
  for (;;) {
    const values = [...(await counted())].filter(([line]) => name.test(line)).map(([, value]) => value);
    const sum = values.reduce((all, value) => all + value, 0);
    if (sum > 0) return sum;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('tells of trainings, models, predictions and refusals, whichever thread did the work', async () => {
  const projectId = await makeTrainableProject(server, 3, 95);
  const { id } = await trainToEnd(server, projectId);
  const publish = 'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }';
  await server.client.request(publish, { id });
  const [photograph] = await samples(1, 96);
  // A minute may end in between and give a new share: ask until one is refused.
  let answered = 0;
  for (let status = 200; status === 200;) {
    const url = `${server.url}/v1/projects/${projectId}/predict/live`;
    const headers = { ...bearer(ownerKey), 'content-type': 'image/jpeg' };
    status = (await fetch(url, { method: 'POST', headers, body: new Uint8Array(photograph?.jpeg ?? []) })).status;
    if (status === 200) answered++;
  }
  const metrics = await counted();
  expect(metrics.get('taglens_predictions_total{outcome="answered"}')).toBe(answered);
  expect(metrics.get('taglens_model_lookups_total{result="miss"}')).toBe(1);
  expect(metrics.get('taglens_model_lookups_total{result="hit"}')).toBe(answered - 1);
  expect([...metrics].find(([name]) => name.startsWith('taglens_model_cache_bytes'))?.[1]).toBeGreaterThan(1000);
  expect(metrics.get('taglens_rate_limited_total{limit="predictions"}')).toBe(1);
  expect(metrics.get('taglens_iterations{status="COMPLETED"}')).toBe(1);
  expect(metrics.get('taglens_open_subscriptions')).toBe(0);
  expect(await total(/^taglens_activity_seconds_count{activity="fitHead",outcome="completed"}/)).toBe(1);
});

test('counts failed attempts of activities and their repetitions', async () => {
  const id = await makeTrainableProject(server, 3, 97);
  const update = 'mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { id } }';
  await server.client.request(update, { input: { id, domainId: compactDomain } });
  const { id: iterationId } = await trainToEnd(server, id);
  await server.storage.delete(keys.model(iterationId));
  const start = 'mutation ($input: ExportIterationInput!) { exportIteration(input: $input) { id } }';
  await server.client.request(start, { input: { iterationId, platform: 'ONNX' } });
  await total(/^taglens_activity_seconds_count{.*outcome="failed"/);
  await total(/^taglens_activity_retries_total/);
});
