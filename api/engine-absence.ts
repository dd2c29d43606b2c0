import { EngineUnavailableError } from '../workflows/engines/engine.ts';
import { DomainError } from './errors.ts';

/** Of a run that could not be started now: its row is the promise, and `RunWatch` starts it later. */
export function ignoreAbsence(error: unknown): void {
  if (!(error instanceof EngineUnavailableError)) throw error;
}

/** Of what cannot wait. @param what that cannot be cancelled now */
export const refuseAbsence =
  (what: string) =>
  (error: unknown): never => {
    if (!(error instanceof EngineUnavailableError)) throw error;
    const message = `The ${what} cannot be cancelled now because Temporal does not answer; try again in a moment.`;
    throw new DomainError('ENGINE_UNAVAILABLE', message, { retryAfterSeconds: 5 });
  };
