import { LessThanOrEqual } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { Chore } from '../../schema/entities/chore.entity.ts';

/** True for one caller of all processes, once every so often: that one has to do it. */
export function claimChore(database: Database, name: string, everyMs: number): Promise<boolean> {
  return database.transact(async (manager) => {
    const never = new Date(0);
    await manager.createQueryBuilder().insert().into(Chore).values({ name, begunAt: never }).orIgnore().execute();
    const due = { name, begunAt: LessThanOrEqual(new Date(Date.now() - everyMs)) };
    const { affected } = await manager.update(Chore, due, { begunAt: new Date() });
    return affected === 1;
  });
}
