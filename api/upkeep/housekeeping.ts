import { In, LessThan } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { purgeEvents } from '../../infra/events/outbox.ts';
import type { Logger } from '../../infra/logger.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import { IdempotentAnswer } from '../../schema/entities/idempotent-answer.entity.ts';
import { RunRow } from '../../schema/entities/run.entity.ts';
import { RunStepRow } from '../../schema/entities/run-step.entity.ts';
import { Upload } from '../../schema/entities/upload.entity.ts';
import { claimChore } from './chores.ts';
import { purgeNotifications } from '../features/notifications/notification-sender.ts';
import { clearGoneProjects } from '../features/projects/gone-projects.ts';
import { clearRateWindows } from '../access/rate-limit.ts';
import type { OrphanCollector } from './orphans.ts';
import type { Services } from '../services.ts';
import { forgetUnusedFeatures } from './unused-features.ts';

interface HousekeepingDeps {
  database: Database;
  storage: Storage;
  services: Pick<Services, 'predictions' | 'suggestions'>;
  orphans: OrphanCollector;
  logger: Logger;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A client that was away for longer than this asks for the iteration instead of its events. */
const eventLifetimeMs = 30 * dayMs;
const answerLifetimeMs = 2 * dayMs;
const runLifetimeMs = 7 * dayMs;
/** No upload and no step of a training takes as long. */
const orphanAgeMs = dayMs;

/** Clears away, hour by hour, what has had its time. */
export class Housekeeping {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();

  constructor(private readonly deps: HousekeepingDeps) {}

  start(): void {
    this.timer = setInterval(() => this.begin(), hourMs);
    this.timer.unref();
    this.begin();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.current;
  }

  private begin(): void {
    this.current = this.clear().catch((error: unknown) => {
      this.deps.logger.error({ err: error }, 'housekeeping failed; it tries again in an hour');
    });
  }

  private async clear(): Promise<void> {
    const { database, services, orphans } = this.deps;
    await clearGoneProjects(database);
    while ((await services.predictions.expire()) > 0);
    await services.suggestions.expire();
    await purgeEvents(database, eventLifetimeMs);
    await purgeNotifications(database, eventLifetimeMs);
    await this.clearUploads();
    await clearRateWindows(database);
    await database.transact(async (manager) => {
      await manager.delete(IdempotentAnswer, { createdAt: LessThan(new Date(Date.now() - answerLifetimeMs)) });
      const ended = await manager.find(RunRow, {
        where: { finishedAt: LessThan(Date.now() - runLifetimeMs) },
        select: { id: true },
        take: 500,
      });
      const ids = ended.map(({ id }) => id);
      await manager.delete(RunStepRow, { runId: In(ids) });
      await manager.delete(RunRow, { id: In(ids) });
    });
    if (!(await claimChore(database, 'collect-orphans', dayMs))) return;
    await forgetUnusedFeatures(database, this.stopping.signal);
    await orphans.collect(orphanAgeMs, this.stopping.signal);
  }

  private async clearUploads(): Promise<void> {
    const { database, storage } = this.deps;
    const old = await database.read.manager.findBy(Upload, { expiresAt: LessThan(new Date()) });
    for (const { id } of old) {
      await database.transact((manager) => manager.delete(Upload, { id }));
      await storage.delete(keys.upload(id));
    }
  }
}
