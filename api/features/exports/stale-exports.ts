import type { EntityManager, FindOptionsWhere } from 'typeorm';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Export } from '../../../schema/entities/export.entity.ts';

/** Exports go with their iteration. Returns the ids of those whose archives are to be deleted after the commit. */
export async function forgetExports(manager: EntityManager, where: FindOptionsWhere<Export>): Promise<string[]> {
  const rows = await manager.find(Export, { where, select: { id: true } });
  await manager.delete(Export, where);
  return rows.map(({ id }) => id);
}

/** An export under way finds its row gone and clears away what it still writes. */
export async function deleteArchives(storage: Storage, exportIds: readonly string[]): Promise<void> {
  for (const id of exportIds) await storage.deletePrefix(keys.export(id));
}
