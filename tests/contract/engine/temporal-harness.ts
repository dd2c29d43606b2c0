import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { loadConfig, type TemporalConfig } from '../../../infra/config.ts';
import { installRuntime } from '../../../workers/temporal-runtime.ts';
import { TemporalEngine } from '../../../workflows/engines/temporal.ts';
import { workflowBundle } from '../../../workflows/engines/temporal-bundle.ts';
import { TemporalWorker } from '../../../workflows/engines/temporal-worker.ts';
import { temporalBackend } from '../../backends/temporal.ts';
import { completed, retryDelayMs, type Harness } from './harness.ts';
import { jobPolicies } from './jobs.ts';

const entry = fileURLToPath(new URL('./job-workflows.ts', import.meta.url));

export async function temporalHarness(): Promise<Harness & { temporal: TemporalConfig }> {
  installRuntime(pino({ level: 'silent' }));
  const { engine: temporal } = loadConfig((await temporalBackend())?.settings ?? {});
  if (temporal.kind !== 'temporal') throw new Error('TAGLENS_TEST_TEMPORAL_ADDRESS names no Temporal server.');
  const engine = new TemporalEngine(temporal);
  return {
    temporal,
    engine,
    startWorker: async (activities, concurrency = 64) =>
      TemporalWorker.start({
        temporal,
        bundle: await workflowBundle({ entry }),
        activities: { ...completed(activities) },
        policies: jobPolicies,
        concurrency,
        drainMs: 0,
        retryDelayMs,
      }),
    close: () => engine.close(),
  };
}
