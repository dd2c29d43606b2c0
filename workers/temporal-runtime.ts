import { Runtime, type LogLevel, type LogMetadata } from '@temporalio/worker';
import type { Logger } from '../infra/logger.ts';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
let isInstalled = false;

/** Makes Temporal's library speak through our log and leave signals to us. It allows this once a process. */
export function installRuntime(logger: Logger): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: temporalLogger(logger),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
}

function temporalLogger(logger: Logger) {
  const log = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    const { error, runId, ...facts } = meta as { error?: unknown; runId?: unknown };
    // What we call the id of a run is Temporal's workflow id.
    const named = runId === undefined ? facts : { ...facts, temporalRunId: runId };
    logger[levels[level]]({ ...named, ...(error === undefined ? {} : { err: error }) }, message);
  };
  return {
    log,
    trace: (message: string, meta?: LogMetadata) => log('TRACE', message, meta),
    debug: (message: string, meta?: LogMetadata) => log('DEBUG', message, meta),
    info: (message: string, meta?: LogMetadata) => log('INFO', message, meta),
    warn: (message: string, meta?: LogMetadata) => log('WARN', message, meta),
    error: (message: string, meta?: LogMetadata) => log('ERROR', message, meta),
  };
}
