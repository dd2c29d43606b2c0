import type { Database } from '../../infra/database/database.ts';
import { EventRow } from '../../schema/entities/event.entity.ts';

class Undo extends Error {}

/**
 * Lets the target number events above every number that the source ever gave, also those of events that were cleared
 * away: a client that comes back with the last one it saw would otherwise miss what has a lower number.
 */
export async function continueEventNumbers(source: Database, target: Database): Promise<void> {
  const next = await nextNumber(source);
  if ((await nextNumber(target)) >= next) return;
  await target.transact(async (manager) => {
    await manager.insert(EventRow, { ...blank, id: next - 1 });
    await manager.delete(EventRow, { id: next - 1 });
  });
}

const blank = { topic: 'numbering', entityId: '', projectId: null, payload: {}, createdAt: 0 };

/** Each database tells it when a row is made; taking the row back leaves at most one number unused. */
async function nextNumber(database: Database): Promise<number> {
  let next = 0;
  await database
    .transact(async (manager) => {
      const row = await manager.save(manager.create(EventRow, blank));
      next = row.id;
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  return next;
}
