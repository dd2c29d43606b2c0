import { newId } from '../../schema/id.ts';
import type { Backend } from './backend.ts';

/** Task queues of its own at a real Temporal server. */
export function temporalBackend(): Promise<Backend> {
  const settings = {
    TAGLENS_TEMPORAL_ADDRESS: process.env['TAGLENS_TEST_TEMPORAL_ADDRESS'] ?? '',
    TAGLENS_TEMPORAL_TASK_QUEUE: `test-${newId()}`,
  };
  return Promise.resolve({ settings, close: () => Promise.resolve() });
}
