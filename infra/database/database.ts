import type { DataSource, EntityManager, EntitySchema, MigrationInterface } from 'typeorm';

export type EntityClass = (new () => object) | EntitySchema;
export type MigrationClass = new () => MigrationInterface;

export interface DatabaseOptions {
  /** Apply missing migrations on open. Only the API does; default false. */
  migrate?: boolean;
}

/** The connection broke while a transaction was being committed: it took place as a whole or not at all. */
export class OutcomeUnknownError extends Error {
  /** Who may safely do the same again finds a server that is away: see `OutageError`. */
  readonly isOutage = true;

  constructor(options: ErrorOptions) {
    super('The connection to the database was lost during a commit; it is unknown whether it took place.', options);
    this.name = 'OutcomeUnknownError';
  }
}

/** The rows of the service, whichever engine keeps them. */
export interface Database {
  /** For reading; sees committed rows only. */
  readonly read: DataSource;
  /**
   * Runs `work` in a transaction of its own. What was meanwhile decided by somebody else may make the whole callback run
   * again, so it must do nothing but database work through `manager`. Do not call `transact` inside `work`. What it decides
   * on rows that others may change at the same time, it decides after `lockRow`.
   * @throws OutageError when the database does not answer
   * @throws OutcomeUnknownError when the connection was lost during the commit
   */
  transact<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** Runs `work` on reads that all see the same moment, however long it takes and whatever is written meanwhile. */
  snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** @throws when the database does not answer */
  ping(): Promise<void>;
  /** Waits for transactions under way, then closes the connections. */
  close(): Promise<void>;
}
