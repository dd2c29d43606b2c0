import { pino, type Logger } from 'pino';
import type { LogLevel } from './config.ts';

export type { Logger };

/** Keys and passwords that reach a log by accident are replaced before they are written. */
const secretPaths = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["training-key"]',
  'req.headers["prediction-key"]',
  'key',
  'password',
  'authorization',
  // TypeORM puts the values of a failed statement on its error.
  'err.parameters',
];

export interface LoggerOptions {
  level: LogLevel;
  name?: string;
  /** What every line says besides, asked for each line: which request it belongs to. */
  notes?: () => object | undefined;
}

/** JSON lines on standard output; `name` says which process or thread speaks. */
export function createLogger(options: LoggerOptions): Logger {
  const { notes } = options;
  return pino({
    level: options.level,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(notes === undefined ? {} : { mixin: () => ({ ...notes() }) }),
    redact: { paths: secretPaths, censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
