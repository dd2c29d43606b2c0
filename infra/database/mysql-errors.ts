const lostCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_CON_COUNT_ERROR',
]);

/** Somebody else was in the way: the transaction was undone as a whole and may run again. 1020 is MariaDB's alone. */
const conflicts = new Set([1020, 1205, 1213]);
const duplicateEntry = 1062;

interface MysqlError {
  code?: unknown;
  errno?: unknown;
  message?: unknown;
}

/** TypeORM wraps what the driver threw. */
function causeOf(error: unknown): MysqlError {
  const { driverError } = (error ?? {}) as { driverError?: MysqlError };
  return driverError ?? (error as MysqlError | null) ?? {};
}

/** The server went away, was not reached, or took no more connections: nothing is wrong with the statement. */
export function isConnectionLost(error: unknown): boolean {
  const { code } = causeOf(error);
  return (typeof code === 'string' && lostCodes.has(code)) || wasNeverSent(error);
}

/** The connection was known to be closed when the statement came; mysql2 has no code for that. */
export function wasNeverSent(error: unknown): boolean {
  const { message } = causeOf(error);
  return typeof message === 'string' && message.includes('connection is in closed state');
}

/** Asking again would take as long again. */
export const isSilence = (error: unknown): boolean => causeOf(error).code === 'ETIMEDOUT';

export const isConflict = (error: unknown): boolean => conflicts.has(Number(causeOf(error).errno));

export const isDuplicate = (error: unknown): boolean => causeOf(error).errno === duplicateEntry;
