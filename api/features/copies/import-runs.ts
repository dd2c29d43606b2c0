import type { Database } from '../../../infra/database/database.ts';
import { announceImport } from '../../../infra/project-copies/announce-import.ts';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ProjectStatus } from '../../../schema/enums.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import type { WatchedRuns } from '../../upkeep/run-watch.ts';

/** Joins the run if there is one already. Its id is that of the project that it fills. */
export const startImport = (engine: Engine, { id }: { id: string }): Promise<void> =>
  engine.start('importProject', { projectId: id }, { id });

/** The imports under way, for the watch over their runs. */
export class ImportRuns implements WatchedRuns<Project> {
  constructor(private readonly deps: { database: Database; engine: Engine }) {}

  open(): Promise<Project[]> {
    const where = { status: ProjectStatus.IMPORTING };
    return this.deps.database.read.manager.find(Project, { where, order: { id: 'ASC' } });
  }

  start(row: Project): Promise<void> {
    return startImport(this.deps.engine, row);
  }

  end(id: string, { reason }: { reason: string }): Promise<void> {
    return this.deps.database.transact(async (manager) => {
      const open = { id, status: ProjectStatus.IMPORTING };
      const { affected } = await manager.update(Project, open, { status: ProjectStatus.FAILED });
      if (!affected) return;
      await manager.update(ProjectImport, { projectId: id }, { error: reason, finishedAt: new Date() });
      await announceImport(manager, id);
    });
  }
}
