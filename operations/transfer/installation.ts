import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../infra/database/database.ts';
import { migrationState } from '../../infra/database/migration-state.ts';
import { openDatabase } from '../../infra/database/open.ts';
import { openStorage } from '../../infra/storage/open.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import { migrations } from '../../migrations/index.ts';
import { entities } from '../../schema/entities/index.ts';
import { OperationError } from '../operation-error.ts';
import type { Place } from '../place.ts';
import { Transfer, TransferObject } from './transfer-journal.entity.ts';

/** The data of one place, opened without the service that usually stands in front of it. */
export interface Installation {
  place: Place;
  database: Database;
  storage: Storage;
}

/** @throws OperationError unless its tables are those of this version: a copy must not change what it copies */
export async function openSource(place: Place): Promise<Installation> {
  if (place.database.kind === 'sqlite') await refuseMissingDatabase(place, place.database.folder);
  const source = await open(place, false);
  const { pending, unknown } = await migrationState(source.database.read, migrations);
  if (pending.length + unknown.length === 0) return source;
  await source.database.close();
  const advice = pending.length > 0 ? 'start this version of the server on it once' : 'use the newer version';
  throw new OperationError(
    `The tables of the source (${place.name}) are of another version (${[...pending, ...unknown].join(', ')}); ${advice}.`,
  );
}

/** @param refuse looks at the place as it is found, before its tables are brought up to date */
export async function openTarget(place: Place, refuse: (found: Installation) => Promise<void>): Promise<Installation> {
  if (place.database.kind === 'sqlite') await mkdir(place.database.folder, { recursive: true });
  const found = await open(place, false);
  await refuse(found).finally(() => found.database.close());
  return open(place, true);
}

async function open(place: Place, migrate: boolean): Promise<Installation> {
  const database = await openDatabase(place.database, [...entities, Transfer, TransferObject], migrations, { migrate });
  return { place, database, storage: await openStorage(place.storage) };
}

/** SQLite would make the missing file, and an empty source would be copied without a word. */
async function refuseMissingDatabase(place: Place, folder: string): Promise<void> {
  const found = await stat(join(folder, 'taglens.sqlite')).catch(() => undefined);
  if (!found) throw new OperationError(`There is no data in the source (${place.name}): taglens.sqlite is not there.`);
}
