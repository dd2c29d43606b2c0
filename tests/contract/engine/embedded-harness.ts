import { pino } from 'pino';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { EmbeddedRunner } from '../../../workflows/engines/embedded-runner.ts';
import { createTestData } from '../../integration/engine/setup.ts';
import { completed, retryDelayMs, type Harness } from './harness.ts';
import * as jobs from './jobs.ts';

const { jobPolicies: policies, ...orchestrations } = jobs;

export async function embeddedHarness(): Promise<Harness> {
  const data = await createTestData();
  const database = await data.open();
  return {
    engine: new EmbeddedEngine(database),
    async startWorker(activities, concurrency = 4) {
      const runner = new EmbeddedRunner({
        database: await data.open(false),
        orchestrations,
        activities: { ...completed(activities) },
        policies,
        concurrency,
        ownSlots: { awaited: 1 },
        leaseMs: 15_000,
        pollMs: 10,
        retryDelayMs,
        logger: pino({ level: 'silent' }),
      });
      runner.start();
      return runner;
    },
    close: () => data.remove(),
  };
}
