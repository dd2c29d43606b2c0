import { afterEach, describe, expect, test } from 'vitest';
import { CliError } from '../../cli/errors.ts';
import type { ServerProcess } from '../e2e/process.ts';
import { startTraining, progressQuery, type ProgressEvent } from '../e2e/training-steps.ts';
import { hasServers, install, type Installation } from './installation.ts';
import { makeProjects, patienceMs, pause, tell } from './many-trainings.ts';

/** Collects events until the end of the training, or until the socket is lost: then it resolves with false. */
async function follow({ client }: ServerProcess, id: string, seen: ProgressEvent[]): Promise<boolean> {
  const variables = { id, after: seen.at(-1)?.eventId ?? null };
  const events = client.subscribe<ProgressEvent>(progressQuery, 'iterationProgressed', variables, { maxDrops: 0 });
  try {
    for await (const event of events) seen.push(event);
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return false;
  }
}

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  let installation: Installation;
  afterEach(() => installation.close());

  test('two API processes tell what two workers do, each event once, also when one of them is killed', async () => {
    installation = await install();
    const [one, two] = await Promise.all([installation.startApi(), installation.startApi()]);
    await Promise.all([installation.startWorker(), installation.startWorker()]);
    const [projectId = ''] = await makeProjects(one.client, 1, 30);
    const { id } = await startTraining(one.client, projectId);

    const whole: ProgressEvent[] = [];
    const moved: ProgressEvent[] = [];
    const stayed: ProgressEvent[] = [];
    const onOne = follow(one, id, whole);
    const onTwo = Promise.all([follow(two, id, moved), follow(two, id, stayed)]);
    while (moved.length < 3) await pause(5);
    await two.end('SIGKILL');
    expect(await onTwo).toEqual([false, false]);
    const seenBefore = moved.length;

    // One client goes on at the other process, one waits for the same one to come back.
    const elsewhere = follow(one, id, moved);
    const restarted = await installation.startApi();
    expect(await Promise.all([onOne, elsewhere, follow(restarted, id, stayed)])).toEqual([true, true, true]);
    tell('progress elsewhere', { events: whole.length, seenBefore });
    expect(seenBefore).toBeLessThan(whole.length);
    expect(whole.at(-1)?.status).toBe('COMPLETED');
    expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(whole.length);
    expect(moved).toEqual(whole);
    expect(stayed).toEqual(whole);
  });
});
