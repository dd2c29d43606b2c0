import { In, LessThan } from 'typeorm';
import type { TemporalConfig } from '../../infra/config.ts';
import type { Database } from '../../infra/database/database.ts';
import { activityQueues } from '../../schema/contracts/activity.ts';
import { queueName } from '../../schema/contracts/task-queue.ts';
import { RunRow } from '../../schema/entities/run.entity.ts';
import { inspectTemporal, type TemporalState } from '../../workflows/engines/temporal-inspection.ts';
import { failed, ok, runChecks, settle, warning, type Check, type Finding, type NamedFinding } from './check.ts';

const minuteMs = 60_000;

export const embeddedChecks: readonly Check<Database>[] = [{ name: 'engine: runs', run: checkRuns }];

/** A run whose runner is gone is taken over within seconds, so that one which waits for minutes has nobody. */
async function checkRuns({ read }: Database): Promise<Finding> {
  const limit = Date.now() - minuteMs;
  const stuck = await read.getRepository(RunRow).find({
    where: { status: 'RUNNING', leaseUntil: LessThan(limit) },
    select: { id: true },
    take: 10,
  });
  const active = await read.getRepository(RunRow).countBy({ status: In(['QUEUED', 'RUNNING']) });
  if (stuck.length === 0) return ok(`${active} in progress or waiting`);
  const ids = stuck.map(({ id }) => id).join(', ');
  return warning(`no process is working on ${ids}`, 'Start the server; it continues them.');
}

const temporalChecks: readonly Check<{ state: TemporalState; config: TemporalConfig }>[] = [
  {
    name: 'engine: namespace',
    run: ({ state, config }) =>
      state.hasNamespace
        ? ok(config.namespace)
        : failed(
            `there is no namespace ${config.namespace}`,
            'Create it (`temporal operator namespace create`), or correct TAGLENS_TEMPORAL_NAMESPACE.',
          ),
  },
  { name: 'engine: workers', run: checkWorkers },
];

function checkWorkers({ state, config }: { state: TemporalState; config: TemporalConfig }): Finding {
  const queues = activityQueues.map((queue) => queueName(config.taskQueue, queue));
  const missing = queues.filter((queue) => !state.polledQueues.includes(queue));
  if (missing.length === 0) return ok(`all queues are polled (${queues.join(', ')})`);
  return failed(
    `no worker polls ${missing.join(', ')}`,
    'Start `taglens worker` with the same settings; trainings and exports wait for it.',
  );
}

/** The rest makes sense only when the server answers. */
export async function checkTemporal(config: TemporalConfig): Promise<NamedFinding[]> {
  let state: TemporalState | undefined;
  const reached = await settle(async () => {
    state = await inspectTemporal(config);
    return ok(`${config.address} answers`);
  }, adviceForTemporal);
  const rest = state ? await runChecks(temporalChecks, { state, config }) : [];
  return [{ name: 'engine: reachable', ...reached }, ...rest];
}

const adviceForTemporal = (): string =>
  'Start the Temporal server, or correct TAGLENS_TEMPORAL_ADDRESS and its certificates and key.';
