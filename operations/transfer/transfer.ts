import { In } from 'typeorm';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../schema/enums.ts';
import { OperationError } from '../operation-error.ts';
import type { Place } from '../place.ts';
import { copyObjects, countObjects, type CopiedObjects } from './copy-objects.ts';
import { copyRows, describeAgain, type CopiedTable } from './copy-rows.ts';
import { continueEventNumbers } from './event-numbers.ts';
import { openSource, openTarget, type Installation } from './installation.ts';
import { beginTransfer, endTransfer, refuseOtherData } from './journal.ts';
import { missingObjects, type MissingObject } from './missing-objects.ts';
import { takeOutDeleted } from './take-out.ts';

export interface TransferOptions {
  /**
   * A move must end with both sides equal, so nothing may write to the source. A copy of a running server ends with its
   * state at one moment, which is enough for a backup.
   */
  purpose: 'move' | 'copy';
  onProgress: (progress: TransferProgress) => void;
}

/** How far one part is. `total` counts what is there now; a running server may add to it. */
export interface TransferProgress {
  part: 'rows' | 'objects';
  done: number;
  total: number;
  /** What is being copied. */
  note: string;
}

export interface TransferReport {
  tables: CopiedTable[];
  objects: CopiedObjects;
  /** An earlier attempt was found and went on. */
  isResumed: boolean;
  /** What rows name and the source does not have, or not with these bytes: it was damaged before. */
  missing: string[];
}

/** Rounds over a source that changes meanwhile; each has only the changes of the one before to copy. */
const roundLimit = 5;

/**
 * Copies rows and objects between two places of any kind, verified, and goes on where an earlier attempt was cut off.
 * Rows come first, all of one moment, and objects after them: an object is stored before its row, so what these rows
 * name is there, unless it was deleted meanwhile.
 * @throws OperationError which says how to fix it
 */
export async function transfer(from: Place, to: Place, options: TransferOptions): Promise<TransferReport> {
  refuseSamePlace(from, to);
  const source = await openSource(from);
  try {
    if (options.purpose === 'move') await refuseTrainings(source);
    const target = await openTarget(to, (found) => refuseOtherData(source, found));
    try {
      const isResumed = await beginTransfer(source, target);
      const report = await copies[options.purpose](source, target, options);
      await continueEventNumbers(source.database, target.database);
      await endTransfer(target);
      return { ...report, isResumed };
    } finally {
      await target.database.close();
    }
  } finally {
    await source.database.close();
  }
}

type Copied = Omit<TransferReport, 'isResumed'>;

/** Another round takes over what changed during the one before, until nothing does. */
async function copyUntilSettled(source: Installation, target: Installation, options: TransferOptions): Promise<Copied> {
  const sum = { writtenCount: 0, removedCount: 0 };
  for (let round = 1; round <= roundLimit; round++) {
    const tables = await copyAllRows(source, target, options);
    const objects = await copyAllObjects(source, target, options);
    const changes = tables.reduce((count, { writtenCount }) => count + writtenCount, objects.writtenCount);
    sum.writtenCount += objects.writtenCount;
    sum.removedCount += objects.removedCount;
    if (round > 1 && changes + objects.removedCount === 0)
      return {
        tables,
        objects: { ...objects, ...sum },
        missing: keysOf(await missingObjects(target.database.read.manager)),
      };
  }
  throw new OperationError(
    'The source kept changing while it was copied. Stop every server and worker that uses it, and run this again: only the changes remain to be copied.',
  );
}

/** In one round, however much is deleted meanwhile: another one would find as much. */
async function copyOneMoment(source: Installation, target: Installation, options: TransferOptions): Promise<Copied> {
  const tables = await copyAllRows(source, target, options);
  const objects = await copyAllObjects(source, target, options);
  const found = await missingObjects(target.database.read.manager);
  const missing = await takeOutDeleted(source.database, target.database, found);
  const isAsCopied = missing.length === found.length;
  return {
    tables: isAsCopied ? tables : await describeAgain(target.database, tables),
    objects,
    missing: keysOf(missing),
  };
}

const copies = { move: copyUntilSettled, copy: copyOneMoment };

const keysOf = (objects: readonly MissingObject[]): string[] => objects.map(({ key }) => key);

async function copyAllRows(source: Installation, target: Installation, { onProgress }: TransferOptions) {
  const total = await countRows(source);
  let done = 0;
  return copyRows(source.database, target.database, (table, rows) => {
    done += rows;
    onProgress({ part: 'rows', done, total, note: table });
  });
}

async function copyAllObjects(source: Installation, target: Installation, { onProgress }: TransferOptions) {
  const total = await countObjects(source.storage);
  let done = 0;
  return copyObjects(source, target, (objects) => {
    done += objects;
    onProgress({ part: 'objects', done, total, note: '' });
  });
}

async function countRows({ database }: Installation): Promise<number> {
  let count = 0;
  for (const { target, tableName } of database.read.entityMetadatas)
    if (!tableName.startsWith('transfer')) count += await database.read.getRepository(target).count();
  return count;
}

function refuseSamePlace(from: Place, to: Place): void {
  const isSame = (part: 'database' | 'storage'): boolean => JSON.stringify(from[part]) === JSON.stringify(to[part]);
  if (isSame('database') || isSame('storage'))
    throw new OperationError(`Source (${from.name}) and target (${to.name}) share a database, bucket or folder.`);
}

/** A training lives in its engine as well, which is not copied. */
async function refuseTrainings({ database }: Installation): Promise<void> {
  const status = In([IterationStatus.QUEUED, IterationStatus.TRAINING]);
  const active = await database.read.manager.findBy(Iteration, { status });
  if (active.length === 0) return;
  const ids = active.map(({ id }) => id).join(', ');
  throw new OperationError(
    `Trainings are in progress in the source: ${ids}. Let them finish or cancel them, then stop it.`,
  );
}
