import type { EntityManager, FindOptionsWhere, ObjectLiteral } from 'typeorm';

/**
 * The row as it is now, kept from others until the transaction ends; null when there is none. Whoever decides on what
 * belongs to a project locks its row first, so that decisions on one project take turns and deadlocks stay rare.
 * SQLite needs no lock: it has one writer at a time.
 */
export function lockRow<T extends ObjectLiteral>(
  manager: EntityManager,
  entity: new () => T,
  where: FindOptionsWhere<T>,
): Promise<T | null> {
  const isShared = manager.connection.options.type !== 'better-sqlite3';
  return manager.findOne(entity, { where, ...(isShared ? { lock: { mode: 'pessimistic_write' } } : {}) });
}
