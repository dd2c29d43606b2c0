import { readdir, readFile } from 'node:fs/promises';
import proto from '@temporalio/proto';
import { Worker, type ReplayResult } from '@temporalio/worker';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { installRuntime } from '../../workers/temporal-runtime.ts';
import { bundleOf, pathOf } from './stage.ts';

const { History } = proto.temporal.api.history.v1;
const folder = pathOf('./histories');

beforeAll(() => installRuntime(pino({ level: 'silent' })));

/** What Temporal says when it runs this program along the histories of real runs. No server is needed. */
async function replay(entry?: string): Promise<Map<string, ReplayResult['error']>> {
  const names = await readdir(folder);
  const histories = names.map(async (name) => ({
    workflowId: name,
    history: History.fromObject(JSON.parse(await readFile(`${folder}/${name}`, 'utf8')) as object),
  }));
  const errors = new Map<string, ReplayResult['error']>();
  const results = Worker.runReplayHistories({ workflowBundle: await bundleOf(entry) }, await Promise.all(histories));
  for await (const { workflowId, error } of results) errors.set(workflowId, error);
  return errors;
}

const ways = ['cancelled', 'completed', 'detector', 'failed', 'fine-tuned', 'shard-failed', 'shard-failed-before'];
/** What is said of the trainings; of exports and imports, which no test changes, nothing. */
const all = (error: unknown) =>
  new Map([
    ...ways.map((way) => [`train-iteration.${way}.json`, error] as const),
    ...['export-iteration', 'import-project'].flatMap((subject) =>
      ['completed', 'failed'].map((way) => [`${subject}.${way}.json`, undefined] as const),
    ),
  ]);

test('runs that began with an earlier program can go on with this one', async () => {
  expect(await replay()).toEqual(all(undefined));
});

test('a change that would break runs under way is found', async () => {
  const errors = await replay(pathOf('./changed-workflows.ts'));
  expect(errors).toEqual(all(expect.objectContaining({ name: 'DeterminismViolationError' })));
});

test('the same change behind a patch breaks none', async () => {
  expect(await replay(pathOf('./patched-workflows.ts'))).toEqual(all(undefined));
});
