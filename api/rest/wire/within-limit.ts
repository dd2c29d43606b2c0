import { DomainError } from '../../errors.ts';

/** False when a limit stood against it, which batches tell entry by entry. */
export async function isWithinLimit(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'LIMIT_REACHED') return false;
    throw error;
  }
}
