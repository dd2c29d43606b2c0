import { placeOfEnvironment, placeOfFile, placeOfFolder, type Place } from '../operations/place.ts';
import {
  transfer,
  type TransferOptions,
  type TransferProgress,
  type TransferReport,
} from '../operations/transfer/transfer.ts';
import { CliError, exitCodes } from './errors.ts';
import { startProgress, type Progress } from './progress.ts';
import { formatTable } from './tables.ts';

/** Each side is a data folder or a file of settings. */
export interface MigrateDataOptions {
  fromData?: string;
  fromEnv?: string;
  toData?: string;
  toEnv?: string;
}

const shownDamages = 20;

export async function migrateData({ fromData, fromEnv, toData, toEnv }: MigrateDataOptions): Promise<void> {
  const from = placeOf('from', fromData, fromEnv);
  const to = placeOf('to', toData, toEnv);
  await run(from, to, 'move');
  console.log(`Everything is in the target (${to.name}). The source is unchanged; do not serve from both.`);
}

export async function backup(env: NodeJS.ProcessEnv, folder: string): Promise<void> {
  await run(placeOfEnvironment(env), placeOfFolder(folder), 'copy');
  console.log(
    `The backup is in ${folder}: a data folder that \`taglens restore\` can read, or that a server can serve.`,
  );
}

export async function restore(env: NodeJS.ProcessEnv, folder: string): Promise<void> {
  await run(placeOfFolder(folder), placeOfEnvironment(env), 'copy');
  console.log('Everything is restored; start the server.');
}

function placeOf(side: string, folder: string | undefined, file: string | undefined): Place {
  if (folder !== undefined && file === undefined) return placeOfFolder(folder);
  if (file !== undefined && folder === undefined) return placeOfFile(file);
  throw new CliError(`Give either --${side}-data FOLDER or --${side}-env FILE.`, exitCodes.usage);
}

async function run(from: Place, to: Place, purpose: TransferOptions['purpose']): Promise<void> {
  console.log(`From ${from.name} to ${to.name}`);
  const bars = new ProgressBars();
  try {
    printReport(await transfer(from, to, { purpose, onProgress: (progress) => bars.show(progress) }));
  } finally {
    bars.stop();
  }
}

/** One bar at a time: rows, objects, and again when the source changed meanwhile. */
class ProgressBars {
  private part: TransferProgress['part'] | null = null;
  private bar: Progress | null = null;

  show({ part, done, total, note }: TransferProgress): void {
    if (part !== this.part) {
      this.stop();
      this.part = part;
      this.bar = startProgress(part === 'rows' ? 'Rows   ' : 'Objects');
    }
    this.bar?.update(Math.min(1, done / Math.max(1, total)), note);
  }

  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }
}

function printReport({ tables, objects, missing, isResumed }: TransferReport): void {
  if (isResumed) console.log('An earlier attempt was found and continued.');
  const rows = tables.map(({ name, rowCount, sha256 }) => [name, String(rowCount), sha256.slice(0, 16)]);
  console.log(formatTable(['table', 'rows', 'sha256 (both sides)'], rows));
  const { objectCount, sizeBytes, writtenCount, removedCount } = objects;
  const removed = removedCount > 0 ? `, ${removedCount} removed that the source no longer has` : '';
  console.log(
    `${objectCount} objects, ${sizeBytes} bytes, each read back and identical; ${writtenCount} copied now${removed}`,
  );
  if (missing.length === 0) return;
  console.log(
    `WARNING: ${missing.length} object(s) that rows refer to are missing from the source or have other bytes there:`,
  );
  for (const key of missing.slice(0, shownDamages)) console.log(`  ${key}`);
}
