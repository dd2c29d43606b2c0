import { In, type EntityManager } from 'typeorm';
import { EventRow } from '../../schema/entities/event.entity.ts';
import { notify } from './notify.ts';
import type { Database } from '../database/database.ts';

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
  await notify(manager, event);
}

const purgedAtOnce = 1000;

/** Deletes events nobody will ask for any more, oldest first and few at a time. Returns how many went. */
export async function purgeEvents(database: Database, olderThanMs: number): Promise<number> {
  const limitMs = Date.now() - olderThanMs;
  const rows = database.read.getRepository(EventRow);
  for (let purged = 0; ;) {
    // By id, which grows with time, so that no index on the time is needed.
    const page = await rows.find({ select: { id: true, createdAt: true }, order: { id: 'ASC' }, take: purgedAtOnce });
    const old = page.filter(({ createdAt }) => createdAt <= limitMs).map(({ id }) => id);
    if (old.length > 0) await database.transact((manager) => manager.delete(EventRow, { id: In(old) }));
    purged += old.length;
    if (old.length < purgedAtOnce) return purged;
  }
}
