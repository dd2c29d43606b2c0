import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../infra/config.ts';
import { workerPolicies } from '../../schema/contracts/policies.ts';
import { openActivities } from '../../workers/open-activities.ts';
import { installRuntime } from '../../workers/temporal-runtime.ts';
import { TemporalWorker } from '../../workflows/engines/temporal-worker.ts';
import { stateOf, waitFor, waitForEnd } from '../e2e/training-steps.ts';
import { bundleOf, pathOf } from '../workflow/stage.ts';
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
  type Training,
} from './many-trainings.ts';
import { activitiesOf, refusedTasksOf } from './training-facts.ts';

/** What the worker says, as an operator would read it. */
const log: string[] = [];
const logger = pino(
  { level: 'warn' },
  new Writable({ write: (line: Buffer, _, done) => (log.push(line.toString()), done()) }),
);

/** A worker of another version of the program: its activities are the real ones, its orchestrations those of the module. */
async function startVersion({ settings }: Installation, module: string): Promise<{ stop(): Promise<void> }> {
  installRuntime(logger);
  const config = loadConfig(settings);
  const { engine: temporal } = config;
  if (temporal.kind !== 'temporal') throw new Error('These tests are about Temporal.');
  const { activities, close } = await openActivities(config);
  const bundle = await bundleOf(pathOf(module));
  const own = { activities: { ...activities }, policies: workerPolicies, concurrency: 1, drainMs: 0 };
  const worker = await TemporalWorker.start({ ...own, temporal, bundle });
  return {
    stop: async () => {
      await worker.stop();
      await close();
    },
  };
}

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  let installation: Installation;
  beforeEach(async () => {
    installation = await install();
  });
  afterEach(() => installation.close());

  test('a change that breaks runs under way holds them up, is seen, and is mended by the patched version', async () => {
    const { client } = await installation.startApi();
    const worker = await installation.startWorker();
    const [training] = (await startTrainings(client, await makeProjects(client, 1, 12))) as [Training];
    // The call that the changed version does not make is in the history.
    await waitFor(client, training.id, ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.02);
    await worker.end('SIGTERM');

    const broken = await startVersion(installation, './changed-workflows.ts');
    const isRefused = async () => (await refusedTasksOf(installation, training.id)) > 0;
    const isOpen = async () => (await stateOf(client, training.id)).status === 'TRAINING';
    while ((await isOpen()) && !(await isRefused())) await pause(200);
    // Time to do harm, if it did any.
    await pause(3000);
    expect(await stateOf(client, training.id)).toMatchObject({ status: 'TRAINING', error: null });
    expect(log.filter((line) => line.includes('TMPRL1100')).length).toBeGreaterThan(0);
    await broken.stop();

    const patchedMs = performance.now();
    const patched = await startVersion(installation, './patched-workflows.ts');
    const state = await waitForEnd(client, training.id);
    const recoveredS = secondsSince(patchedMs);
    await patched.stop();
    const refusedTasks = await refusedTasksOf(installation, training.id);
    const activities = (await activitiesOf(installation, training.id)).map(({ name }) => name);
    tell('a change that breaks runs', { refusedTasks, recoveredS, activities });
    expect(activities).toEqual(['takeSnapshot', 'extractFeatures', 'fitHead', 'completeIteration']);
    await expectOneModelEach(installation, [training], [state]);
    await installation.startWorker();
    const again = await trainUndisturbed(installation, client, training.projectId);
    expect(again.modelSha256).toBe(state.modelSha256);
  });
});
