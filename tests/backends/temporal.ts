import { newId } from '../../schema/id.ts';
import type { Backend } from './backend.ts';

const address = process.env['TAGLENS_TEST_TEMPORAL_ADDRESS'];

export const hasTemporal = address !== undefined;
export const temporalAddress = address ?? '';

/** Task queues of its own at a real Temporal server. */
export function temporalBackend(): Promise<Backend | null> {
  if (address === undefined) return Promise.resolve(null);
  const settings = {
    TAGLENS_TEMPORAL_ADDRESS: address,
    TAGLENS_TEMPORAL_TASK_QUEUE: `test-${newId()}`,
  };
  return Promise.resolve({ settings, close: () => Promise.resolve() });
}
