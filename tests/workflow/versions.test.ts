import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../schema/id.ts';
import type { TemporalWorker } from '../../workflows/engines/temporal-worker.ts';
import { hasTemporal } from '../backends/temporal.ts';
import { until } from '../until.ts';
import { openStage, pathOf, type HistoryEvent, type Stage } from './stage.ts';
import { trivialActivities } from './training-stand-in.ts';

const waitMs = 60_000;

describe.runIf(hasTemporal)('on Temporal', { timeout: 4 * waitMs }, () => {
  let stage: Stage;
  let id: string;
  const workers: TemporalWorker[] = [];

  beforeEach(async () => {
    stage = await openStage();
    id = newId();
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop();
    await stage.close();
  });

  const ended = () =>
    until(async () => (await stage.engine.describe(id))?.status === 'COMPLETED', {
      what: 'the run being COMPLETED',
      timeoutMs: waitMs,
    });

  test('a change that breaks a run holds it up; the same change behind a patch brings it to its end', async () => {
    const calls: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const activities = trivialActivities({
      extractFeatures: async ({ shard }) => {
        calls.push(`extract ${shard}`);
        if (shard === 2) await held;
        return { leftOutCount: 0 };
      },
      fitHead: ({ incompleteShards }) => {
        calls.push(`fit without ${incompleteShards.length}`);
        return Promise.resolve({ modelSha256: 'b'.repeat(64), warnings: [] });
      },
    });
    const first = await stage.startWorker(activities);
    await stage.engine.start('trainIteration', { iterationId: id }, { id });
    await until(() => calls.length === 3, { what: 'the extraction', timeoutMs: waitMs });
    release();
    await first.stop();

    const broken = await stage.startWorker(activities, pathOf('./changed-workflows.ts'));
    const isHeldUp = async () => (await stage.events(id)).some(failedForDeterminism);
    await until(isHeldUp, { what: 'the refusal', timeoutMs: waitMs });
    expect(await stage.engine.describe(id)).toEqual({ status: 'RUNNING' });
    await broken.stop();

    workers.push(await stage.startWorker(activities, pathOf('./patched-workflows.ts')));
    await ended();
    expect(calls.filter((call) => call.startsWith('fit'))).toEqual(['fit without 0']);
  });

  test('a hundred thousand images stay far below the limits of a history', async () => {
    // 256 a shard make 391.
    const shardCount = 400;
    workers.push(
      await stage.startWorker(
        trivialActivities({
          takeSnapshot: () => Promise.resolve({ shardCount }),
          extractFeatures: () => Promise.resolve({ leftOutCount: 1 }),
        }),
      ),
    );
    await stage.engine.start('trainIteration', { iterationId: id }, { id });
    await ended();
    const events = await stage.events(id);
    expect(events.filter((event) => event.activityTaskCompletedEventAttributes)).toHaveLength(shardCount + 3);
    const sizes = events.map((event) => JSON.stringify(event).length);
    console.log(`${events.length} events, the largest of ${Math.max(...sizes)} bytes as JSON`);
    expect(events.length).toBeLessThan(51_200 / 10);
    expect(Math.max(...sizes)).toBeLessThan(2_000_000 / 100);
  });
});

function failedForDeterminism({ workflowTaskFailedEventAttributes: failed }: HistoryEvent): boolean {
  return failed?.failure?.message?.includes('TMPRL1100') ?? false;
}
