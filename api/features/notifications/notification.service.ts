import { randomBytes } from 'node:crypto';
import type { Database } from '../../../infra/database/database.ts';
import { newNotification } from '../../../infra/events/notify.ts';
import { Notification } from '../../../schema/entities/notification.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { NotificationSubject } from '../../../schema/enums.ts';
import type { Caller } from '../../access/access.ts';
import { DomainError } from '../../errors.ts';
import { lockProject } from '../../project-lock.ts';
import type { ProjectService } from '../projects/project.service.ts';
import type { NewNotificationAddress, SetNotificationUrlInput } from './notification.input.ts';

const longestUrl = 2000;
const mostListed = 100;

/** Who is told of the ends of trainings and exports. */
export class NotificationService {
  constructor(
    private readonly database: Database,
    private readonly projects: ProjectService,
  ) {}

  /** Every new address gets a secret of its own and a test message; which address it leads to is checked when it is sent. */
  async setUrl(caller: Caller, { projectId, url }: SetNotificationUrlInput): Promise<NewNotificationAddress> {
    const { id } = await this.projects.get(caller, 'train', projectId);
    const notificationUrl = url == null ? null : checkNotificationUrl('url', url);
    const secret = notificationUrl === null ? null : randomBytes(32).toString('base64url');
    const subject = NotificationSubject.CONNECTION_TEST;
    await this.database.transact(async (manager) => {
      await lockProject(manager, id);
      await manager.update(Project, { id }, { notificationUrl, notificationSecret: secret, updatedAt: new Date() });
      if (notificationUrl === null) return;
      const test = newNotification({ projectId: id, subject, entityId: null, isSuccess: true });
      await manager.insert(Notification, test);
    });
    return { secret, project: await this.projects.get(caller, 'train', id) };
  }

  /** The latest messages, newest first. */
  list({ id: projectId }: Project): Promise<Notification[]> {
    const { manager } = this.database.read;
    return manager.find(Notification, { where: { projectId }, order: { id: 'DESC' }, take: mostListed });
  }
}

/** @throws DomainError naming the field; where the address leads to is not looked at */
export function checkNotificationUrl(field: string, url: string): string {
  if (url.length > longestUrl) {
    const message = `${field} has ${url.length} characters; the limit is ${longestUrl}.`;
    throw new DomainError('INVALID', message, { field, max: longestUrl, value: url.length });
  }
  const isHttp = URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
  if (isHttp) return url;
  const message = `${field} must be a URL that begins with http: or https:; it is ${JSON.stringify(url)}.`;
  throw new DomainError('INVALID', message, { field, value: url });
}
