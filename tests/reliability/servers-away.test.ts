import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProgramProcess, ServerProcess } from '../e2e/process.ts';
import { ask, makeProject, startTraining, waitFor, waitForEnd } from '../e2e/training-steps.ts';
import { samples } from '../integration/api/setup.ts';
import { until } from '../until.ts';
import { hasServers, install, type Installation } from './installation.ts';
import { layLines, type Lines } from './lines.ts';
import { expectOneModelEach, patienceMs, pause, secondsSince, tell, trainUndisturbed } from './many-trainings.ts';
import type { Line } from './toxiproxy.ts';
import { Visitor, type Errand, type Visit } from './visitor.ts';

/** Far above every limit in the program, for a machine that is slow itself: an answer comes, that is all. */
const answerLimitMs = 180_000;

interface Trouble {
  what: string;
  lines: (lines: Lines) => Line[];
  begin: (line: Line) => Promise<void>;
  lastsMs: number;
  /** What clients are told; none: they notice nothing. */
  codes: string[];
  /** What does not work while it lasts, and what goes on working as if nothing were. */
  failing: Errand[];
  working: Errand[];
}

const slow = async (line: Line): Promise<void> =>
  line.poison(
    { type: 'latency', attributes: { latency: 100, jitter: 50 } },
    { type: 'bandwidth', attributes: { rate: 500 } },
  );
const everything: Errand[] = ['read', 'write', 'upload', 'predict'];
const resets = (line: Line): Promise<void> => line.poison({ type: 'reset_peer', attributes: { timeout: 0 } });
const falls = (line: Line): Promise<void> => line.poison({ type: 'timeout', attributes: { timeout: 0 } });

const database = {
  lines: ({ mysql }: Lines) => [mysql],
  codes: ['DATABASE_UNAVAILABLE', 'OUTCOME_UNKNOWN'],
  failing: ['ready', 'read', 'predict'] as Errand[],
  working: [],
};
const storage = {
  lines: ({ s3 }: Lines) => [s3],
  codes: ['STORAGE_UNAVAILABLE'],
  failing: ['ready', 'upload'] as Errand[],
  // The model is loaded: predictions need no storage.
  working: ['read', 'write', 'predict'] as Errand[],
};
const troubles: Trouble[] = [
  {
    what: 'database and storage are slow',
    lines: ({ mysql, s3 }) => [mysql, s3],
    begin: slow,
    lastsMs: 10_000,
    codes: [],
    failing: [],
    working: everything,
  },
  { what: 'the database resets every connection', ...database, begin: resets, lastsMs: 8000 },
  { what: 'the database is absent', ...database, begin: (line) => line.cut(), lastsMs: 15_000 },
  { what: 'the database is silent', ...database, begin: falls, lastsMs: 25_000 },
  { what: 'the storage resets every connection', ...storage, begin: resets, lastsMs: 8000 },
  { what: 'the storage is absent', ...storage, begin: (line) => line.cut(), lastsMs: 15_000 },
  // Shorter than the client's patience with a silent bucket: uploads wait, and are stored.
  { what: 'the storage is silent', ...storage, begin: falls, lastsMs: 25_000, failing: ['ready'] },
];

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  let installation: Installation;
  let lines: Lines;
  let api: ServerProcess;
  let worker: ProgramProcess;
  let publishedProjectId: string;
  let seed = 100;

  const ownProject = async (): Promise<string> => makeProject(api.client, await samples(12, (seed += 1)));

  beforeAll(async () => {
    installation = await install();
    lines = await layLines(installation);
    // One thread, so that the model is loaded wherever a prediction goes.
    api = await installation.startApi({ ...lines.settings, TAGLENS_PREDICTION_THREADS: '1' });
    worker = await installation.startWorker(lines.settings);
    publishedProjectId = await ownProject();
    const { id } = await startTraining(api.client, publishedProjectId);
    await waitForEnd(api.client, id);
    const query = 'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }';
    await ask(api.client, query, { id });
  }, patienceMs);
  afterAll(async () => {
    await installation.close();
    await lines.close();
  });

  async function visit(): Promise<Visitor> {
    const [photograph] = await samples(1, (seed += 1));
    const { id: projectId } = await ask<{ id: string }>(
      api.client,
      'mutation { createProject(input: { name: "visited" }) { id } }',
    );
    const visitor = new Visitor({ api, projectId, publishedProjectId, jpeg: photograph?.jpeg ?? Buffer.alloc(0) });
    while (new Set(visitor.visits.map(({ errand }) => errand)).size < 5) await pause(20);
    visitor.visits.length = 0;
    return visitor;
  }

  async function expectStored({ acknowledged: { tags, images } }: Visitor): Promise<void> {
    for (const id of tags)
      expect(await ask(api.client, 'query ($id: ID!) { tag(id: $id) { id } }', { id })).toEqual({ id });
    for (const id of images) {
      const { url } = await ask<{ url: string }>(api.client, 'query ($id: ID!) { image(id: $id) { url } }', { id });
      expect((await fetch(url)).status).toBe(200);
    }
  }

  function expectClearAnswers({ visits }: Visitor, { codes }: Trouble): void {
    const refused = visits.filter(({ errand, code }) => errand !== 'ready' && code !== null);
    for (const { status, code, hasRetryAfter } of refused) {
      expect(codes).toContain(code);
      // GraphQL answers 200 where only a part of the question could not be answered.
      expect([200, 503]).toContain(status);
      // Of what nobody knows whether it was done, the client is to look first.
      if (status === 503) expect(hasRetryAfter).toBe(code !== 'OUTCOME_UNKNOWN');
    }
    const statuses = new Set(visits.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(Math.max(...visits.map(({ durationMs }) => durationMs))).toBeLessThan(answerLimitMs);
  }

  async function untilReady(): Promise<void> {
    await until(async () => (await fetch(`${api.url}/readyz`)).ok, { timeoutMs: patienceMs, everyMs: 50 });
  }

  test.each(troubles)('$what: clients are told, and all goes on by itself afterwards', async (trouble) => {
    const projectId = await ownProject();
    const visitor = await visit();
    const { id } = await startTraining(api.client, projectId);
    await waitFor(api.client, id, ({ progress }) => progress.phase === 'FEATURES');
    for (const line of trouble.lines(lines)) await trouble.begin(line);
    await pause(trouble.lastsMs);
    for (const line of trouble.lines(lines)) await line.mend();
    const mendedMs = performance.now();
    await untilReady();
    const readyS = secondsSince(mendedMs);
    await visitor.stop();
    const state = await waitForEnd(api.client, id);
    tell(trouble.what, { readyS, trainedS: secondsSince(mendedMs), ...figuresOf(visitor) });

    expectClearAnswers(visitor, trouble);
    for (const errand of trouble.failing) expect(visitor.of(errand).some(isRefused)).toBe(true);
    for (const errand of trouble.working) expect(visitor.of(errand).some(isRefused)).toBe(false);
    await expectStored(visitor);
    expect([api.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
    await expectOneModelEach(installation, [{ projectId, id }], [state]);
    expect((await trainUndisturbed(installation, api.client, projectId)).modelSha256).toBe(state.modelSha256);
  });
});

const isRefused = ({ status, code }: Visit): boolean => status !== 200 || code !== null;

function figuresOf({ visits }: Visitor): Record<string, unknown> {
  const answers: Record<string, number> = {};
  for (const { errand, status, code } of visits) {
    const what = `${errand} ${status}${code ? ` ${code}` : ''}`;
    answers[what] = (answers[what] ?? 0) + 1;
  }
  return { longestS: Math.round(Math.max(...visits.map(({ durationMs }) => durationMs)) / 100) / 10, answers };
}
