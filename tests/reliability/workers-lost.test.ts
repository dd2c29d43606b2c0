import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TaglensClient } from '../../cli/client.ts';
import type { ProgramProcess } from '../e2e/process.ts';
import { stateOf } from '../e2e/training-steps.ts';
import { until } from '../until.ts';
import { hasServers, install, type Installation } from './installation.ts';
import {
  expectOneModelEach,
  makeProjects,
  patienceMs,
  pause,
  secondsSince,
  startTrainings,
  tell,
  trainUndisturbed,
  waitForAll,
  type Training,
} from './many-trainings.ts';
import { forgetFeatures, repeatsOf } from './training-facts.ts';

const restartsMs = 30_000;
const restartPauseMs = 2000;
const leastRestarts = 5;

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  let installation: Installation;
  let client: TaglensClient;
  const workers: ProgramProcess[] = [];
  beforeAll(async () => {
    installation = await install();
    ({ client } = await installation.startApi());
  });
  beforeEach(() => forgetFeatures(installation));
  afterAll(() => installation.close());

  async function startWorkers(count: number): Promise<void> {
    const missing = Array.from({ length: count - workers.length }, () => installation.startWorker());
    workers.push(...(await Promise.all(missing)));
  }

  async function expectUndisturbedModels(trainings: Training[], shas: (string | null)[]) {
    const again: (string | null)[] = [];
    for (const { projectId } of trainings)
      again.push((await trainUndisturbed(installation, client, projectId)).modelSha256);
    expect(again).toEqual(shas);
  }

  test('all workers killed at once and started again: every training completes, with the same models', async () => {
    await startWorkers(2);
    const trainings = await startTrainings(client, await makeProjects(client, 3, 12));
    const isAmid = async (): Promise<boolean> => {
      const states = await Promise.all(trainings.map(({ id }) => stateOf(client, id)));
      return states.some(({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.02);
    };
    await until(isAmid, { timeoutMs: patienceMs, everyMs: 15 });
    await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')));
    const killedMs = performance.now();
    const open = (await Promise.all(trainings.map(({ id }) => stateOf(client, id)))).filter(
      ({ status }) => status !== 'COMPLETED',
    );
    expect(open.length).toBeGreaterThan(0);
    await startWorkers(2);
    const states = await waitForAll(client, trainings);
    const recoveredS = secondsSince(killedMs);
    await expectOneModelEach(installation, trainings, states);
    tell('all workers killed', { open: open.length, recoveredS, repeated: await repeatsOf(installation, trainings) });
    await expectUndisturbedModels(
      trainings,
      states.map(({ modelSha256 }) => modelSha256),
    );
  });

  test('one of three workers restarted again and again: every training completes, with one model', async () => {
    await startWorkers(3);
    const trainings = await startTrainings(client, await makeProjects(client, 6, 12));
    const startedMs = performance.now();
    let restarts = 0;
    while (performance.now() - startedMs < restartsMs || restarts < leastRestarts) {
      await pause(restartPauseMs);
      const victim = Math.floor(Math.random() * workers.length);
      await (workers[victim] as ProgramProcess).end('SIGKILL');
      workers[victim] = await installation.startWorker();
      restarts += 1;
    }
    const states = await waitForAll(client, trainings);
    await expectOneModelEach(installation, trainings, states);
    const repeated = await repeatsOf(installation, trainings);
    tell('workers restarted again and again', { restarts, repeated, allDoneS: secondsSince(startedMs) });
    // Else the restarts met nobody at work, and nothing was tried.
    expect(repeated).toBeGreaterThan(0);
  });
});
