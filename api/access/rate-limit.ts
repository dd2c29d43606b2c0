import { LessThan } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import type { Metrics } from '../../infra/metrics.ts';
import { RateWindow } from '../../schema/entities/rate-window.entity.ts';
import type { Caller } from './access.ts';
import { DomainError } from '../errors.ts';

export type LimitName = 'requests' | 'predictions';

interface RateLimitOptions {
  name: LimitName;
  /** For each key; 0: no limit, and no cost. */
  perMinute: number;
  metrics: Pick<Metrics, 'rateLimited'>;
}

const windowMs = 60_000;
/** The playground on the same machine has no key. */
const keyless = 'playground';

/** Counts what a key asks for in the database, so that all processes together let through what is allowed. */
export class RateLimit {
  constructor(
    private readonly database: Database,
    private readonly options: RateLimitOptions,
  ) {}

  /** @throws DomainError RATE_LIMITED, with `retryAfterSeconds`, when the key has had its share of this minute */
  async take({ keyId }: Caller): Promise<void> {
    const { name, perMinute } = this.options;
    if (perMinute === 0) return;
    const startedAt = Math.floor(Date.now() / windowMs) * windowMs;
    const window = { keyId: keyId ?? keyless, name, startedAt };
    // Whoever is over the limit already costs one look and no write.
    const known = await this.database.read.manager.findOneBy(RateWindow, window);
    if (known && known.used >= perMinute) throw this.refusal(startedAt);
    if ((await this.count(window)) > perMinute) throw this.refusal(startedAt);
  }

  /** The row is locked from its update to the end of the transaction, so that no two requests get the same number. */
  private count(window: { keyId: string; name: LimitName; startedAt: number }): Promise<number> {
    return this.database.transact(async (manager) => {
      const { affected } = await manager.increment(RateWindow, window, 'used', 1);
      if (!affected) {
        const row = { ...window, used: 0 };
        await manager.createQueryBuilder().insert().into(RateWindow).values(row).orIgnore().execute();
        await manager.increment(RateWindow, window, 'used', 1);
      }
      return (await manager.findOneByOrFail(RateWindow, window)).used;
    });
  }

  private refusal(startedAt: number): DomainError {
    const { name, perMinute, metrics } = this.options;
    metrics.rateLimited.inc({ limit: name });
    const retryAfterSeconds = Math.max(1, Math.ceil((startedAt + windowMs - Date.now()) / 1000));
    const message = `This key may send ${perMinute} ${name} per minute. Try again in ${retryAfterSeconds} s.`;
    return new DomainError('RATE_LIMITED', message, { limit: perMinute, of: name, retryAfterSeconds });
  }
}

/** Windows that are over decide nothing any more. */
export async function clearRateWindows(database: Database): Promise<void> {
  const startedAt = LessThan(Date.now() - 2 * windowMs);
  await database.transact((manager) => manager.delete(RateWindow, { startedAt }));
}
