import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stateOf, waitFor, waitForEnd, type State } from '../e2e/training-steps.ts';
import { hasServers, install, type Installation } from './installation.ts';
import { layLines, type Lines } from './lines.ts';
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
import { activitiesOf, packsOf, packCountOf } from './training-facts.ts';

/** Longer than the silence after which Temporal gives an activity to somebody else. */
const cutMs = 20_000;

const isAmid = ({ progress }: State): boolean => progress.phase === 'FEATURES' && progress.fraction > 0.4;

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  let installation: Installation;
  let lines: Lines;
  beforeEach(async () => {
    installation = await install();
    lines = await layLines(installation);
  });
  afterEach(async () => {
    await installation.close();
    await lines.close();
  });

  test('workers cut off from Temporal: trainings are accepted meanwhile, and nothing kept is computed again', async () => {
    const { client } = await installation.startApi();
    const workers = [
      await installation.startWorker({ TAGLENS_TEMPORAL_ADDRESS: lines.temporal.address }),
      await installation.startWorker({ TAGLENS_TEMPORAL_ADDRESS: lines.temporal.address }),
    ];
    // 100 photographs: a pack is full, and kept, before the shard is done.
    const [first = '', second = ''] = await makeProjects(client, 2, 20);
    const [running] = (await startTrainings(client, [first])) as [Training];
    await waitFor(client, running.id, isAmid);
    while ((await packsOf(installation)).size === 0) await pause(50);
    await lines.temporal.cut();
    const kept = await packsOf(installation);
    const [waiting] = (await startTrainings(client, [second])) as [Training];
    await pause(cutMs);
    expect((await stateOf(client, waiting.id)).status).toBe('QUEUED');
    await lines.temporal.mend();
    const mendedMs = performance.now();
    const states = [await waitForEnd(client, running.id), await waitForEnd(client, waiting.id)];
    const attempts = (await activitiesOf(installation, running.id)).map(({ name, attempt }) => `${name} ${attempt}`);
    const packs = await packsOf(installation);
    const packCount = await packCountOf(installation);
    tell('network cut to workers', { recoveredS: secondsSince(mendedMs), attempts, kept: kept.size, packCount });
    for (const [content, place] of kept) expect(packs.get(content)).toBe(place);
    // Two trainings of two packs each; who computed the rest of the first when it was given to the other may have, too.
    expect(packCount).toBeLessThanOrEqual(5);
    expect(workers.map(({ child }) => child.exitCode)).toEqual([null, null]);
    await expectOneModelEach(installation, [running, waiting], states);
    const again = await trainUndisturbed(installation, client, running.projectId);
    expect(again.modelSha256).toBe(states[0]?.modelSha256);
  });

  test('the API cut off from Temporal: a training that it accepted begins when the line is mended', async () => {
    const api = await installation.startApi({ TAGLENS_TEMPORAL_ADDRESS: lines.temporal.address });
    await installation.startWorker();
    const [projectId = ''] = await makeProjects(api.client, 1, 4);
    await lines.temporal.cut();
    const askedMs = performance.now();
    const [training] = (await startTrainings(api.client, [projectId])) as [Training];
    const acceptedS = secondsSince(askedMs);
    await pause(5000);
    expect((await stateOf(api.client, training.id)).status).toBe('QUEUED');
    expect((await fetch(`${api.url}/readyz`)).status).toBe(200);
    await lines.temporal.mend();
    const mendedMs = performance.now();
    await waitFor(api.client, training.id, ({ status }) => status !== 'QUEUED');
    const begunS = secondsSince(mendedMs);
    const state = await waitForEnd(api.client, training.id);
    tell('network cut to the API', { acceptedS, begunS });
    await expectOneModelEach(installation, [training], [state]);
  });
});
