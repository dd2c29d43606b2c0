import { ApolloServerErrorCode } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { OutcomeUnknownError } from '../infra/database/database.ts';
import type { Logger } from '../infra/logger.ts';
import { outageOf } from '../infra/outage.ts';
import { currentNotes, requestIdOf } from './request-notes.ts';

/** Every way in which a request can be refused, with the HTTP status that a plain endpoint answers. */
const statuses = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INVALID: 400,
  NAME_TAKEN: 409,
  LIMIT_REACHED: 409,
  TOO_LARGE: 413,
  IMAGE_REFUSED: 400,
  URL_REFUSED: 400,
  UPLOAD_EXPIRED: 410,
  TAG_CONFLICT: 409,
  TRAINING_RUNNING: 409,
  TRAINING_NOT_NEEDED: 409,
  NOT_ENOUGH_IMAGES: 409,
  NOT_TRAINED: 409,
  MODEL_UNUSABLE: 409,
  NOT_EXPORTABLE: 400,
  EXPORT_RUNNING: 409,
  EXPORT_EXISTS: 409,
  PUBLISHED: 409,
  NOT_SUPPORTED: 400,
  IDEMPOTENCY_MISMATCH: 422,
  TOO_BUSY: 429,
  ENGINE_UNAVAILABLE: 503,
  DATABASE_UNAVAILABLE: 503,
  STORAGE_UNAVAILABLE: 503,
  OUTCOME_UNKNOWN: 503,
  RATE_LIMITED: 429,
} as const;

export type ErrorCode = keyof typeof statuses;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(statuses, code);

/** A refusal that the client can understand: the message says what was wrong and what to do, `details` give the values. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }

  get status(): number {
    return statuses[this.code];
  }
}

export const notFound = (what: string, id: string): DomainError =>
  new DomainError('NOT_FOUND', `There is no ${what} ${JSON.stringify(id.slice(0, 100))}.`, { what, id });

/** The refusal that is told to the client; null for what is to be logged instead. */
export function refusalOf(error: unknown, logger: Logger): DomainError | null {
  if (error instanceof DomainError) return error;
  if (!(error instanceof OutcomeUnknownError)) return outageRefusal(error, logger);
  const message =
    'The connection to the database was lost while this was being stored: either all of it was stored or none of it. ' +
    'Send it again with the same Idempotency-Key; without one, first check whether it was stored.';
  return new DomainError('OUTCOME_UNKNOWN', message);
}

const outages = {
  database: { code: 'DATABASE_UNAVAILABLE', message: 'The database does not answer.' },
  storage: { code: 'STORAGE_UNAVAILABLE', message: 'The storage of images and models does not answer.' },
} as const;
const outageRetrySeconds = 5;

/** The client cannot fix it, so that the operator must hear of it. */
function outageRefusal(error: unknown, logger: Logger): DomainError | null {
  const server = outageOf(error);
  if (server === null) return null;
  logger.warn({ err: error, server }, 'a server did not answer');
  const { code, message } = outages[server];
  const details = { retryAfterSeconds: outageRetrySeconds };
  return new DomainError(code, `${message} Try again in ${outageRetrySeconds} s.`, details);
}

export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: { error: { code: string; message: string } & Record<string, unknown> };
}

/** The answer of a plain HTTP endpoint. What is unknown is logged under the id of the request and not told. */
export function httpAnswer(error: unknown, logger: Logger): ErrorAnswer {
  const refusal = refusalOf(error, logger);
  if (refusal) {
    const { code, message, details } = refusal;
    return { status: refusal.status, headers: retryHeader(details), body: { error: { ...details, code, message } } };
  }
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, headers: {}, body: { error: { code: 'INVALID', message } } };
  return { status: 500, headers: {}, body: { error: { code: 'INTERNAL', ...masked(error, logger) } } };
}

/** The status of a request that was refused as a whole and may come back later; null for every other error. */
export const laterStatus = ({ code, retryAfterSeconds }: Record<string, unknown>): number | null =>
  retryAfterSeconds === undefined ? null : (statuses[code as ErrorCode] ?? null);

export const retryHeader = ({ retryAfterSeconds }: Record<string, unknown>): Record<string, string> =>
  typeof retryAfterSeconds === 'number' ? { 'retry-after': String(retryAfterSeconds) } : {};

export function masked(error: unknown, logger: Logger): { message: string; errorId: string } {
  const errorId = currentNotes()?.requestId ?? requestIdOf(undefined);
  logger.error({ err: error, errorId }, 'a request failed unexpectedly');
  return { message: `Something went wrong on the server; see ${errorId} in its log for details.`, errorId };
}

/** Walks to the error that a resolver threw: GraphQL wraps it, and wraps it again over a subscription. */
function thrown(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? thrown(error.originalError) : error;
}

/** The GraphQL form of the same mapping. */
export function formatGraphqlError(
  formatted: GraphQLFormattedError,
  error: unknown,
  logger: Logger,
): GraphQLFormattedError {
  const cause = thrown(error);
  const place = {
    ...(formatted.locations ? { locations: formatted.locations } : {}),
    ...(formatted.path ? { path: formatted.path } : {}),
  };
  const refusal = refusalOf(cause, logger);
  if (refusal) return { ...place, message: refusal.message, extensions: { ...refusal.details, code: refusal.code } };
  // A GraphQLError without an original comes from parsing, validation or the limits: it is meant for the client.
  const { code = 'INVALID', max, value } = formatted.extensions ?? {};
  if (cause instanceof GraphQLError && code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR)
    return { ...place, message: formatted.message, extensions: { code, max, value } };
  const { message, errorId } = masked(cause, logger);
  return { ...place, message, extensions: { code: 'INTERNAL', errorId } };
}
