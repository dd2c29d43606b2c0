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
];

/** JSON lines on standard output; `name` says which process or thread speaks. */
export function createLogger(options: { level: LogLevel; name?: string }): Logger {
  return pino({
    level: options.level,
    ...(options.name === undefined ? {} : { name: options.name }),
    redact: { paths: secretPaths, censor: '[hidden]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
