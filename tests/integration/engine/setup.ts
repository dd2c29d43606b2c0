import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../../infra/database.ts';
import { CreateEvent1790000000001 } from '../../../migrations/1790000000001-CreateEvent.ts';
import { CreateRun1790000000002 } from '../../../migrations/1790000000002-CreateRun.ts';
import { CreateRunStep1790000000003 } from '../../../migrations/1790000000003-CreateRunStep.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { RunRow } from '../../../schema/entities/run.entity.ts';
import { RunStepRow } from '../../../schema/entities/run-step.entity.ts';

export interface TestData {
  data: string;
  /** Opens the same file again, as another process would. */
  open(migrate?: boolean): Promise<Database>;
  remove(): Promise<void>;
}

/** A fresh folder whose databases are closed, and which is removed, by `remove`. */
export async function createTestData(): Promise<TestData> {
  const data = await mkdtemp(join(tmpdir(), 'taglens-'));
  const opened: Database[] = [];
  return {
    data,
    async open(migrate = true) {
      const entities = [EventRow, RunRow, RunStepRow];
      const migrations = [CreateEvent1790000000001, CreateRun1790000000002, CreateRunStep1790000000003];
      const database = await openDatabase({ data }, entities, migrations, { migrate });
      opened.push(database);
      return database;
    },
    async remove() {
      for (const database of opened) await database.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Waits until `check` holds; fails with `what` after five seconds. */
export async function until(check: () => Promise<boolean> | boolean, what = 'the condition'): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end;) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${what} did not come true`);
}
