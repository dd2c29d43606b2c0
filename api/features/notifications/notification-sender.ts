import { createHmac } from 'node:crypto';
import { In, LessThan, LessThanOrEqual, Not } from 'typeorm';
import type { Config } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import type { Logger } from '../../../infra/logger.ts';
import { postUrl, UrlRefusal } from '../../../infra/urls/fetch-url.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { Notification } from '../../../schema/entities/notification.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { NotificationStatus, NotificationSubject } from '../../../schema/enums.ts';
import type { ExportService } from '../exports/export.service.ts';

interface SenderDeps extends Pick<Config, 'urls'> {
  database: Database;
  exports: Pick<ExportService, 'urlOf'>;
  logger: Logger;
}

const pollMs = 1000;
/** Messages sent at the same time, each of another project; more rows are read, since many of the first may belong to one project. */
const mostSending = 32;
const lookedAt = 256;
const pauseMs = { first: 1000, longest: 3_600_000 };
/** The last one is about half a day after the first. */
const mostAttempts = 22;

/**
 * Delivers what is queued for the notification addresses of projects: at least once, with growing pauses after failures, and
 * one at a time to each project, so that an address which takes long to answer delays its own messages only.
 */
export class NotificationSender {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private isStopped = false;
  /** What is under way, by project. */
  private readonly sending = new Map<string, Promise<void>>();

  constructor(private readonly deps: SenderDeps) {}

  start(): void {
    this.current = this.sendDue()
      .catch((error: unknown) => this.report(error))
      .finally(() => {
        if (!this.isStopped) this.timer = setTimeout(() => this.start(), pollMs);
      });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.current;
    await Promise.all(this.sending.values());
  }

  /** Begins, and does not wait for what it began. */
  private async sendDue(): Promise<void> {
    const where = {
      status: NotificationStatus.PENDING,
      nextAttemptAt: LessThanOrEqual(Date.now()),
      projectId: Not(In([...this.sending.keys()])),
    };
    const order = { nextAttemptAt: 'ASC' } as const;
    const due = await this.deps.database.read.manager.find(Notification, { where, order, take: lookedAt });
    for (const row of due) {
      if (this.sending.size >= mostSending) return;
      if (!this.sending.has(row.projectId)) this.begin(row);
    }
  }

  private begin(row: Notification): void {
    const sent = this.sendOne(row)
      .catch((error: unknown) => this.report(error))
      .finally(() => this.sending.delete(row.projectId));
    this.sending.set(row.projectId, sent);
  }

  private report(error: unknown): void {
    this.deps.logger.error({ err: error }, 'notifications could not be sent now');
  }

  private async sendOne(row: Notification): Promise<void> {
    if (!(await this.claim(row))) return;
    const { database, urls } = this.deps;
    const project = await database.read.manager.findOneBy(Project, { id: row.projectId });
    const { notificationUrl: url = null, notificationSecret: secret = null } = project ?? {};
    if (url === null || secret === null)
      return this.settle(row, 'The project no longer has a notification address.', true);
    const body = JSON.stringify(await this.bodyOf(row));
    try {
      await postUrl(url, { body, headers: signedHeaders(row.id, body, secret) }, urls);
      await this.settle(row, null);
    } catch (error) {
      if (!(error instanceof UrlRefusal)) throw error;
      await this.settle(row, error.message);
    }
  }

  /** True for one process: for as long as an attempt can last, no other one takes it. */
  private async claim({ id, nextAttemptAt, attempts }: Notification): Promise<boolean> {
    const untilMs = Date.now() + 2 * this.deps.urls.timeoutMs;
    const { affected } = await this.deps.database.transact((manager) =>
      manager.update(Notification, { id, nextAttemptAt, attempts }, { nextAttemptAt: untilMs }),
    );
    return affected === 1;
  }

  private async settle({ id, ...row }: Notification, error: string | null, isFinal = false): Promise<void> {
    const attempts = row.attempts + 1;
    const isOver = isFinal || attempts >= mostAttempts;
    const delayMs = Math.min(pauseMs.first * 2 ** row.attempts, pauseMs.longest);
    const change =
      error === null
        ? { status: NotificationStatus.DELIVERED, deliveredAt: new Date(), lastError: null }
        : {
            status: isOver ? NotificationStatus.FAILED : NotificationStatus.PENDING,
            lastError: error,
            nextAttemptAt: Date.now() + delayMs,
          };
    await this.deps.database.transact((manager) => manager.update(Notification, { id }, { attempts, ...change }));
  }

  /** In the words of Azure Custom Vision, whose clients read it from a queue. */
  private async bodyOf({ projectId, subject, entityId, isSuccess }: Notification): Promise<object> {
    const version = '1.0';
    if (subject === NotificationSubject.CONNECTION_TEST)
      return { version, type: 'ConnectionTest', Content: { projectId } };
    if (subject === NotificationSubject.TRAINING) {
      const trainingStatus = isSuccess ? 'TrainingCompleted' : 'TrainingFailed';
      return { version, type: 'Training', Content: { projectId, iterationId: entityId, trainingStatus } };
    }
    const row = await this.deps.database.read.manager.findOneBy(Export, { id: entityId ?? '' });
    const exportStatus = isSuccess ? 'ExportCompleted' : 'ExportFailed';
    const modelUri = row && this.deps.exports.urlOf(row);
    const content = { projectId, iterationId: row?.iterationId ?? null, exportStatus, modelUri };
    return { version, type: 'Export', Content: content };
  }
}

/** The time is signed too, so that a receiver can refuse a message that somebody recorded and sends again. */
function signedHeaders(id: string, body: string, secret: string): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return {
    'content-type': 'application/json',
    'taglens-delivery': id,
    'taglens-signature': `t=${seconds},v1=${signature}`,
  };
}

/** Forgets messages that are over. */
export async function purgeNotifications(database: Database, olderThanMs: number): Promise<void> {
  const createdAt = LessThan(new Date(Date.now() - olderThanMs));
  await database.transact((manager) => manager.delete(Notification, { createdAt }));
}
