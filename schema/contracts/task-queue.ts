import type { ActivityQueue } from './activity.ts';

const orchestrationQueue: ActivityQueue = 'workflows';

/** The name of a task queue at the Temporal server; `prefix` tells installations apart. */
export const queueName = (prefix: string, queue: ActivityQueue): string => `${prefix}-${queue}`;

/** The prefix of the queue on which an orchestration runs. */
export const prefixOf = (orchestrationQueueName: string): string =>
  orchestrationQueueName.slice(0, -queueName('', orchestrationQueue).length);
