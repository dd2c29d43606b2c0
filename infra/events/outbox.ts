import type { EntityManager } from 'typeorm';
import { EventRow } from '../../schema/entities/event.entity.ts';

export interface NewEvent {
  topic: string;
  /** Whom the event is about; subscribers ask by topic and entity. */
  entityId: string;
  projectId: string | null;
  /** Plain JSON, small: subscribers load the row itself. */
  payload: object;
}

/** Adds an event. `manager` must be that of the transaction which changes the row, or the two could part. */
export async function appendEvent(manager: EntityManager, event: NewEvent): Promise<void> {
  await manager.insert(EventRow, { ...event, createdAt: Date.now() });
}
