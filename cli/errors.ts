import { CommanderError } from 'commander';

export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure whose message says all the user needs; no stack is printed. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.failed,
  ) {
    super(message);
  }
}

/** Errors of other layers whose messages say how to fix it. */
const foreseen = new Set(['ConfigError', 'StartError', 'OperationError', 'EngineUnavailableError']);
const isSystemError = (error: Error): boolean => 'syscall' in error && 'code' in error;
/** A server that the settings name could not be reached, or turned us away (MySQL's codes begin with ER_). */
const isFromServer = (error: Error & { syscall?: unknown; code?: unknown }): boolean =>
  error.syscall === 'connect' || (typeof error.code === 'string' && error.code.startsWith('ER_'));
const doctorHint =
  'A server named in the settings gave this answer; `taglens doctor` says which one and how to fix it.';

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  return error instanceof CliError ? error.exitCode : exitCodes.failed;
}

/** What to print; null when commander has already printed it. Only unforeseen errors show a stack. */
export function describeError(error: unknown): string | null {
  if (error instanceof CommanderError) return null;
  if (!(error instanceof Error)) return `taglens: ${String(error)}`;
  if (isFromServer(error)) return `taglens: ${error.message}\n${doctorHint}`;
  const isForeseen = error instanceof CliError || foreseen.has(error.name) || isSystemError(error);
  return `taglens: ${isForeseen ? error.message : (error.stack ?? error.message)}`;
}
