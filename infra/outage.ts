/**
 * A server that we depend on does not answer: nothing is wrong with the request, and the same one may succeed later.
 * `isOutage` is a property of its own because TypeORM passes on properties of what a driver throws, and no classes.
 */
export class OutageError extends Error {
  readonly isOutage = true;

  constructor(
    readonly server: OutageServer,
    options: ErrorOptions = {},
  ) {
    const { cause } = options;
    super(`The ${server} does not answer${cause instanceof Error ? `: ${cause.message}` : '.'}`, options);
    this.name = 'OutageError';
  }
}

export type OutageServer = 'database' | 'storage';

/** Which server is away, if that is what went wrong. */
export function outageOf(error: unknown): OutageServer | null {
  const { isOutage, server } = (error ?? {}) as Partial<OutageError>;
  return isOutage === true ? (server ?? 'database') : null;
}
