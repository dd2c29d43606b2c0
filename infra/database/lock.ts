import type { EntityManager, FindOneOptions, FindOptionsWhere, ObjectLiteral } from 'typeorm';

/**
 * An option of `find…`: the rows come as they are now and are kept from others until the transaction ends. SQLite needs
 * no lock, since it has one writer at a time.
 */
export function forUpdate(manager: EntityManager): Pick<FindOneOptions, 'lock'> {
  return manager.connection.options.type === 'better-sqlite3' ? {} : { lock: { mode: 'pessimistic_write' } };
}

/** The row as it is now, kept from others until the transaction ends; null when there is none. */
export function lockRow<T extends ObjectLiteral>(
  manager: EntityManager,
  entity: new () => T,
  where: FindOptionsWhere<T>,
): Promise<T | null> {
  return manager.findOne(entity, { where, ...forUpdate(manager) });
}
