import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { connectionFailure, patient, PoliteHttp, toldWaitMs } from '../../../cli/azure-import/polite-http.ts';
import { startServer, stopServers } from '../../integration/urls/local-server.ts';

afterEach(stopServers);

const impatient = { ...patient, attempts: 3, firstWaitMs: 1, longestWaitMs: 2 };

/** A server that answers one request after another by the next of these; the last one stays. */
async function serve(
  ...answers: ((response: ServerResponse) => void)[]
): Promise<{ url: string; count: () => number }> {
  let count = 0;
  const port = await startServer((_request, response) => {
    answers[Math.min(count, answers.length - 1)]?.(response);
    count += 1;
  });
  return { url: `http://127.0.0.1:${port}/`, count: () => count };
}

const answer =
  (status: number, body = '', headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(body);

test.each([500, 502, 503, 408])(
  'repeats a request that is answered by %i, and gives up after its attempts',
  async (status) => {
    const { url, count } = await serve(answer(status, 'no'));
    const response = await new PoliteHttp(impatient).fetch(url);
    expect([response.status, await response.text(), count()]).toEqual([status, 'no', 3]);
  },
);

test.each([400, 401, 404, 409, 501])('does not repeat a request that is answered by %i', async (status) => {
  const { url, count } = await serve(answer(status));
  expect((await new PoliteHttp(impatient).fetch(url)).status).toBe(status);
  expect(count()).toBe(1);
});

test('asks again for an answer whose body was cut off', async () => {
  const cutOff = (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => response.destroy(), 20);
  };
  const { url } = await serve(cutOff, answer(200, 'whole'));
  expect(await (await new PoliteHttp(impatient).fetch(url)).text()).toBe('whole');
});

test('waits for as long as it is told, however often, and holds back the other requests meanwhile', async () => {
  const throttle = answer(429, '', { 'retry-after': '2' });
  const { url, count } = await serve(throttle, answer(200, 'fine'));
  const http = new PoliteHttp({ ...impatient, attempts: 1 });
  const startedAt = performance.now();
  const first = http.fetch(url);
  while (count() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = http.fetch(url);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(count()).toBe(1);
  expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
  expect(performance.now() - startedAt).toBeGreaterThan(1950);
});

test('being asked for less without how long to wait counts as a failure: pauses grow and end', async () => {
  const { url, count } = await serve(answer(429, 'slower'));
  const waits: number[] = [];
  const http = new PoliteHttp({ ...impatient, attempts: 4, onWait: (waitMs) => waits.push(waitMs) });
  const response = await http.fetch(url);
  expect([response.status, await response.text(), count()]).toEqual([429, 'slower', 4]);
  expect(waits).toEqual([1, 2, 2]);
});

test('being told to come back at once takes a pause all the same', async () => {
  const { url } = await serve(answer(429, '', { 'retry-after': '0' }), answer(200, 'fine'));
  const waits: number[] = [];
  const http = new PoliteHttp({ ...impatient, attempts: 1, onWait: (waitMs) => waits.push(waitMs) });
  expect((await http.fetch(url)).status).toBe(200);
  expect(waits).toEqual([1]);
});

test('does not wait for days: a quota that is used up is told at once', async () => {
  const { url, count } = await serve(answer(429, '{}', { 'retry-after': '172800' }));
  expect((await new PoliteHttp(impatient).fetch(url)).status).toBe(429);
  expect(count()).toBe(1);
});

test('has no more requests under way than it may', async () => {
  let [running, most] = [0, 0];
  const slowly = (response: ServerResponse) => {
    most = Math.max(most, (running += 1));
    setTimeout(() => {
      running -= 1;
      response.end();
    }, 20);
  };
  const { url } = await serve(slowly);
  const http = new PoliteHttp({ ...impatient, concurrency: 3 });
  await Promise.all(Array.from({ length: 12 }, () => http.fetch(url)));
  expect(most).toBe(3);
});

test('says why there is no connection, after trying again', async () => {
  const { url } = await serve(answer(200));
  await stopServers();
  const failure = await new PoliteHttp(impatient).fetch(url).catch((error: unknown) => connectionFailure(url, error));
  expect(failure).toHaveProperty('message', expect.stringContaining(`Cannot reach ${url}: connect ECONNREFUSED`));
});

const waits: [string, Response, number | null][] = [
  ['seconds in the header', new Response('', { headers: { 'retry-after': '7' } }), 7000],
  [
    'words of the gateway',
    new Response('{"error":{"code":"429","message":"… Please retry after 12 seconds."}}'),
    12_000,
  ],
  ['other words of the gateway', new Response('Rate limit is exceeded. Try again in 26 seconds.'), 26_000],
  ['a date that is over', new Response('', { headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } }), 0],
  ['nothing', new Response('busy'), null],
];
test.each(waits)('reads how long to wait from %s', async (_what, response, expected) => {
  expect(await toldWaitMs(response)).toBe(expected);
});
