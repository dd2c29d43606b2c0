import { afterEach, describe, expect, test } from 'vitest';
import { ownerKey, peakBytesOf, type ServerProcess } from '../e2e/process.ts';
import { ask, makeProject, startTraining, waitForEnd } from '../e2e/training-steps.ts';
import { bearer, samples } from '../integration/api/setup.ts';
import { hasServers, install, type Installation } from './installation.ts';
import {
  expectOneModelEach,
  makeProjects,
  patienceMs,
  pause,
  secondsSince,
  startTrainings,
  tell,
  waitForAll,
  type Training,
} from './many-trainings.ts';
import { activitiesOf, repeatsOf } from './training-facts.ts';

const projectCount = 12;
const callerCount = 40;
const queueLimit = 8;
/** Twice what a process of each kind was measured to need. */
const memoryLimitBytes = 1_500_000_000;
/**
 * How many others may end in between, when a training has its features: what is fitted at the same time may end in any
 * order. Without priorities the first could end last.
 */
const overtakenLimit = 2;

interface Answer {
  status: number;
  retryAfter: string | null;
}

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  let installation: Installation;
  afterEach(() => installation.close());

  async function publishModel({ client }: ServerProcess): Promise<string> {
    const projectId = await makeProject(client, await samples(3, 500));
    const { id } = await startTraining(client, projectId);
    await waitForEnd(client, id);
    const query = 'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }';
    await ask(client, query, { id });
    return projectId;
  }

  /** For each training: its place among all when its features were ready, and when it had its model. */
  async function placesOf(trainings: Training[]): Promise<{ ready: number; done: number }[]> {
    const facts = await Promise.all(trainings.map(({ id }) => activitiesOf(installation, id)));
    const placesBy = (name: string): number[] => {
      const ends = facts.map((activities) => activities.find((fact) => fact.name === name)?.endedMs ?? Infinity);
      return ends.map((end) => ends.filter((other) => other < end).length);
    };
    const done = placesBy('fitHead');
    return placesBy('extractFeatures').map((ready, index) => ({ ready, done: done[index] ?? NaN }));
  }

  test('more trainings and predictions than can be done: the excess waits or is told to come back', async () => {
    installation = await install();
    const api = await installation.startApi({
      TAGLENS_PREDICTION_QUEUE_LIMIT: String(queueLimit),
      TAGLENS_PREDICTION_CONCURRENCY: '1',
      TAGLENS_PREDICTION_THREADS: '1',
    });
    const worker = await installation.startWorker();
    const publishedProjectId = await publishModel(api);
    const [photograph] = await samples(1, 501);
    const jpeg = new Uint8Array(photograph?.jpeg ?? []);
    const projectIds = await makeProjects(api.client, projectCount, 3);

    let isOverloaded = true;
    const answers: Answer[] = [];
    const caller = async (): Promise<void> => {
      while (isOverloaded) {
        const url = `${api.url}/v1/projects/${publishedProjectId}/predict/live`;
        const headers = { ...bearer(ownerKey), 'content-type': 'image/jpeg' };
        const response = await fetch(url, { method: 'POST', body: jpeg, headers });
        await response.arrayBuffer();
        answers.push({ status: response.status, retryAfter: response.headers.get('retry-after') });
        // Many who do not wait as they are told, but no flood that a whole machine could not answer.
        await pause(100);
      }
    };
    const startedMs = performance.now();
    const callers = Array.from({ length: callerCount }, caller);
    const trainings = await startTrainings(api.client, projectIds);
    const states = await waitForAll(api.client, trainings);
    isOverloaded = false;
    await Promise.all(callers);

    const refused = answers.filter(({ status }) => status !== 200);
    const places = await placesOf(trainings);
    const peaks = { apiBytes: await peakBytesOf(api), workerBytes: await peakBytesOf(worker) };
    tell('overload', { predicted: answers.length - refused.length, refused: refused.length, ...peaks });
    const repeated = await repeatsOf(installation, trainings);
    tell('overload', {
      allTrainedS: secondsSince(startedMs),
      repeated,
      places: places.map(({ ready, done }) => `${ready}→${done}`),
    });
    // A busy worker is not taken for a lost one.
    expect(repeated).toBe(0);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(answers.length);
    for (const { status, retryAfter } of refused) {
      expect(status).toBe(429);
      expect(Number(retryAfter)).toBeGreaterThan(0);
    }
    await expectOneModelEach(installation, trainings, states);
    for (const { ready, done } of places) expect(done - ready).toBeLessThanOrEqual(overtakenLimit);
    for (const bytes of Object.values(peaks)) expect(bytes).toBeLessThan(memoryLimitBytes);
  });
});
