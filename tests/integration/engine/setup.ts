import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { CreateEvent1790000000001 } from '../../../migrations/1790000000001-CreateEvent.ts';
import { CreateRun1790000000002 } from '../../../migrations/1790000000002-CreateRun.ts';
import { CreateRunStep1790000000003 } from '../../../migrations/1790000000003-CreateRunStep.ts';
import { AddRunTraceParent1790000004000 } from '../../../migrations/1790000004000-AddRunTraceParent.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { RunRow } from '../../../schema/entities/run.entity.ts';
import { RunStepRow } from '../../../schema/entities/run-step.entity.ts';
import { freshBackend } from '../../backends/backend.ts';

export interface TestData {
  settings: Record<string, string>;
  /** Opens the same database again, as another process would. */
  open(migrate?: boolean): Promise<Database>;
  remove(): Promise<void>;
}

/** A fresh database; `remove` closes what was opened and clears it away. */
export async function createTestData(makeBackend = freshBackend): Promise<TestData> {
  const backend = await makeBackend();
  const config = loadConfig(backend.settings);
  const opened: Database[] = [];
  return {
    settings: backend.settings,
    async open(migrate = true) {
      const entities = [EventRow, RunRow, RunStepRow];
      const migrations = [
        CreateEvent1790000000001,
        CreateRun1790000000002,
        CreateRunStep1790000000003,
        AddRunTraceParent1790000004000,
      ];
      const database = await openDatabase(config.database, entities, migrations, { migrate });
      opened.push(database);
      return database;
    },
    async remove() {
      for (const database of opened) await database.close();
      await backend.close();
    },
  };
}
