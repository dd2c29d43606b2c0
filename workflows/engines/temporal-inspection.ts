import { Connection, isGrpcServiceError } from '@temporalio/client';
import type { TemporalConfig } from '../../infra/config.ts';
import type { ActivityQueue } from '../../schema/contracts/activity.ts';
import { queueName } from '../../schema/contracts/task-queue.ts';
import { connectionOptions } from './temporal-connection.ts';

/** What a Temporal server tells of an installation. */
export interface TemporalState {
  hasNamespace: boolean;
  /** Names of those of our task queues that some worker asks for work. */
  polledQueues: string[];
}

const deadlineMs = 5000;
/** gRPC status code NOT_FOUND: the requested object does not exist. */
const notFound = 5;
const queueTypes: readonly [ActivityQueue, type: 1 | 2][] = [
  ['workflows', 1],
  ['compute', 2],
  ['exports', 2],
];

/** @throws when the server cannot be reached or refuses */
export async function inspectTemporal(config: TemporalConfig): Promise<TemporalState> {
  const connection = await Connection.connect({ ...connectionOptions(config), connectTimeout: deadlineMs });
  try {
    return await connection.withDeadline(Date.now() + deadlineMs, () => inspect(connection, config));
  } finally {
    await connection.close();
  }
}

async function inspect({ workflowService }: Connection, { namespace, taskQueue }: TemporalConfig) {
  const hasNamespace = await workflowService.describeNamespace({ namespace }).then(
    () => true,
    (error: unknown) => {
      if (isGrpcServiceError(error) && (error.code as number) === notFound) return false;
      throw error;
    },
  );
  const polledQueues: string[] = [];
  for (const [queue, taskQueueType] of hasNamespace ? queueTypes : []) {
    const name = queueName(taskQueue, queue);
    const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
    if ((pollers ?? []).length > 0) polledQueues.push(name);
  }
  return { hasNamespace, polledQueues };
}
