import { DomainError } from '../../errors.ts';

/** Names the place of a list as Azure's clients know it. */
export async function continued<T>(page: Promise<T>): Promise<T> {
  try {
    return await page;
  } catch (error) {
    if (!(error instanceof DomainError) || error.details['field'] !== 'after') throw error;
    throw new DomainError('INVALID', 'continuation was not issued for this query.', { field: 'continuation' });
  }
}
