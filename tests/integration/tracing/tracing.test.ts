import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, makeTrainableProject, ownerKey, startServer, type TestServer } from '../api/setup.ts';
import { aWholeTest, until } from '../../until.ts';
import { startCollector, type CollectedSpan } from './collector.ts';

const caller = { traceId: 'a'.repeat(31) + '1', spanId: 'b'.repeat(15) + '2' };
let collector: Awaited<ReturnType<typeof startCollector>>;

beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

const isRun = (name: string): boolean => /^run.*trainIteration$/i.test(name);

/** Names from a span up to the one of the caller, which is not ours. */
function ancestry(span: CollectedSpan): string[] {
  const parent = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [span.name, ...(parent ? ancestry(parent) : [span.parentSpanId ?? 'none'])];
}

async function isComplete({ client }: TestServer, id: string): Promise<boolean> {
  const query = 'query ($id: ID!) { iteration(id: $id) { status error } }';
  type Answer = { iteration: { status: string; error: string | null } };
  const { iteration } = await client.request<Answer>(query, { id });
  expect(iteration.error).toBeNull();
  return iteration.status === 'COMPLETED';
}

test('one trace leads from the caller through the request and the run to every activity', async () => {
  const server = await startServer({ TAGLENS_OTLP_ENDPOINT: collector.endpoint });
  const projectId = await makeTrainableProject(server, 3, 5);
  const headers = { ...bearer(ownerKey), traceparent: `00-${caller.traceId}-${caller.spanId}-01` };
  const start = 'mutation ($id: ID!) { trainIteration(input: { projectId: $id }) { id } }';
  const { data, errors } = await server.send(start, { id: projectId }, headers);
  expect(errors).toEqual([]);
  const { id } = data?.['trainIteration'] as { id: string };
  await until(() => isComplete(server, id), { ...aWholeTest, everyMs: 100 });
  const ownSpans = (): CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === caller.traceId);
  // The row says so before the run itself ends, and spans come with a delay.
  await until(() => ownSpans().some(({ name }) => isRun(name)), { what: 'the span of the run' });
  await server.close();

  const own = ownSpans();
  for (const activity of ['takeSnapshot', 'extractFeatures', 'fitHead', 'completeIteration']) {
    const span = own.find(({ name }) => /activity/i.test(name) && name.endsWith(activity));
    const path = span ? ancestry(span) : [];
    expect(path.slice(-3)).toEqual(['start trainIteration', 'POST /graphql', caller.spanId]);
    expect(path.some(isRun)).toBe(true);
  }
  expect(collector.spans.some(({ traceId }) => traceId !== caller.traceId)).toBe(true);
});

test('no span has what stands in the query of an address, such as a key', async () => {
  const server = await startServer({ TAGLENS_OTLP_ENDPOINT: collector.endpoint });
  const query = `subscription-key=${ownerKey}`;
  for (const path of ['projects', 'nothing', 'projects/none'])
    await fetch(`${server.url}/customvision/v3.3/training/${path}?${query}`);
  const isOfAzure = ({ name }: CollectedSpan): boolean => name.includes('/customvision/');
  await until(() => collector.spans.some(isOfAzure), { what: 'the span of a request' });
  await server.close();
  expect(JSON.stringify(collector.spans)).not.toContain(ownerKey);
});

test('nothing is sent without an endpoint', async () => {
  const before = collector.spans.length;
  const server = await startServer();
  await server.send('{ domains { id } }');
  await server.close();
  expect(collector.spans.length).toBe(before);
});

test('a collector that is not there disturbs nobody', async () => {
  const server = await startServer({ TAGLENS_OTLP_ENDPOINT: 'http://127.0.0.1:1/v1/traces' });
  expect((await server.send('{ domains { id } }')).status).toBe(200);
  await server.close();
});
