import { DomainError } from './errors.ts';

/** Null when a limit stood against it, which batches tell entry by entry. */
export async function withinLimit<T>(work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError && error.code === 'LIMIT_REACHED') return null;
    throw error;
  }
}
