import type { Logger } from '../../infra/logger.ts';
import type { Storage } from '../../infra/storage/storage.ts';

/** Objects whose rows are gone. */
export class Leftovers {
  constructor(
    private readonly storage: Storage,
    private readonly logger: Logger,
  ) {}

  /** Never fails: what was committed is done, and the orphan collector removes what a storage that is away still has. */
  async remove(prefixes: readonly string[]): Promise<void> {
    try {
      for (const prefix of prefixes) await this.storage.deletePrefix(prefix);
    } catch (error) {
      this.logger.warn({ err: error }, 'objects of deleted rows are left in the storage until orphans are collected');
    }
  }
}
