import { EngineUnavailableError } from '../workflows/engines/engine.ts';
import { DomainError } from './errors.ts';

/** Ignores that the engine is away when a run is started: the row of the run is stored, and `RunWatch` starts it later. */
export function ignoreAbsence(error: unknown): void {
  if (!(error instanceof EngineUnavailableError)) throw error;
}

/** Refuses a request that cannot wait for the engine to come back. @param what that cannot be cancelled now */
export const refuseAbsence =
  (what: string) =>
  (error: unknown): never => {
    if (!(error instanceof EngineUnavailableError)) throw error;
    const message = `The ${what} cannot be cancelled now because Temporal does not answer; try again in a moment.`;
    throw new DomainError('ENGINE_UNAVAILABLE', message, { retryAfterSeconds: 5 });
  };
