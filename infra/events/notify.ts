import type { EntityManager } from 'typeorm';
import { Notification } from '../../schema/entities/notification.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { NotificationStatus, NotificationSubject } from '../../schema/enums.ts';
import { newId } from '../../schema/id.ts';

/** Events that somebody outside is told of, when they say one of these statuses; and whether that is a good end. */
const told: Record<string, { subject: NotificationSubject; ends: Record<string, boolean> }> = {
  'iteration.progressed': {
    subject: NotificationSubject.TRAINING,
    ends: { COMPLETED: true, FAILED: false, CANCELLED: false },
  },
  'export.progressed': { subject: NotificationSubject.EXPORT, ends: { DONE: true, FAILED: false } },
};

interface Happened {
  topic: string;
  entityId: string;
  projectId: string | null;
  payload: object;
}

/** Queues the message about an event in the transaction of the event, if the project wants to be told of it. */
export async function notify(manager: EntityManager, { topic, entityId, projectId, payload }: Happened): Promise<void> {
  const { status } = payload as { status?: unknown };
  const kind = Object.hasOwn(told, topic) ? told[topic] : undefined;
  const isSuccess = kind?.ends[String(status)];
  if (!kind || isSuccess === undefined || projectId === null) return;
  const project = await manager.findOneBy(Project, { id: projectId });
  if (project?.notificationUrl == null) return;
  const { subject } = kind;
  // An activity whose commit nobody heard of tells its end again.
  if (await manager.existsBy(Notification, { projectId, subject, entityId, isSuccess })) return;
  await manager.insert(Notification, newNotification({ projectId, subject, entityId, isSuccess }));
}

export function newNotification(
  facts: Pick<Notification, 'projectId' | 'subject' | 'entityId' | 'isSuccess'>,
): Notification {
  const state = { status: NotificationStatus.PENDING, attempts: 0, nextAttemptAt: Date.now(), lastError: null };
  return { id: newId(), ...facts, ...state, createdAt: new Date(), deliveredAt: null };
}
