import type { Readable } from 'node:stream';
import { IsNull, type EntityManager } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { announceExport, exportTopic } from '../../../infra/events/export-progress.ts';
import type { EventTail } from '../../../infra/events/tail.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ExportStatus } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { exporterVersion } from '../../../workers/ml/exporters/exporter-version.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import { authorise, type Caller, type Permission } from '../../access/access.ts';
import { ignoreAbsence } from '../../engine-absence.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import type { Leftovers } from '../../upkeep/leftovers.ts';
import { lockProject } from '../../project-lock.ts';
import { parseEventId, RowProgress } from '../../row-progress.ts';
import type { UrlSigner } from '../../access/signing.ts';
import { findDomain, getDomain, type Domain } from '../domains/domains.ts';
import { checkTrained, type TrainingService } from '../training/training.service.ts';
import type { ExportIterationInput, ExportProgress } from './export.input.ts';
import { startExport } from './export-run.ts';
import { exportForm, isWritten, platformsOf, type ExportForm } from './platforms.ts';
import { forgetExports } from './stale-exports.ts';

interface ExportServiceDeps {
  database: Database;
  storage: Storage;
  leftovers: Leftovers;
  engine: Engine;
  tail: EventTail;
  signer: UrlSigner;
  training: TrainingService;
}

const lifetimeMs = 24 * 3_600_000;

export const archivePath = (id: string): string => `/v1/exports/${id}/archive`;

type Step = Pick<Export, 'status' | 'fraction' | 'message'>;

/** Models as archives for use elsewhere. */
export class ExportService {
  private readonly progress: RowProgress<Export, Step>;

  constructor(private readonly deps: ExportServiceDeps) {
    const isOver = (status: string): boolean => status !== ExportStatus.EXPORTING.valueOf();
    this.progress = new RowProgress(deps.database, deps.tail, { topic: exportTopic, entity: Export, isOver });
  }

  async get(caller: Caller, permission: Permission, id: string): Promise<Export> {
    const row = await this.deps.database.read.manager.findOneBy(Export, { id });
    if (!row) throw notFound('export', id);
    authorise(caller, permission, row.projectId);
    return row;
  }

  /** Every export of an iteration, oldest first. */
  list({ id: iterationId }: Iteration): Promise<Export[]> {
    return this.deps.database.read.manager.find(Export, { where: { iterationId }, order: { id: 'ASC' } });
  }

  /** What a model of the iteration can be exported for. */
  async platforms(iteration: Pick<Iteration, 'projectId' | 'domainId'>): Promise<string[]> {
    const domain = await this.domainOf(this.deps.database.read.manager, iteration);
    return domain ? platformsOf(domain) : [];
  }

  /** One for each platform and flavor; a failed one, and one by an earlier exporter, is made anew. */
  async export(caller: Caller, input: ExportIterationInput): Promise<Export> {
    const { database, engine, leftovers, training } = this.deps;
    const iteration = await training.get(caller, 'publish', input.iterationId);
    const replaced: string[] = [];
    const id = await OnceOnly.of(database, caller, 'exportIteration', input).transact(async (manager) => {
      const project = await lockProject(manager, iteration.projectId);
      const form = await this.formOf(manager, project, iteration, input);
      replaced.splice(0, replaced.length, ...(await replaceOlder(manager, iteration, form)));
      const row = newExport(iteration, form);
      await manager.insert(Export, row);
      await announceExport(manager, row);
      return row.id;
    });
    await leftovers.remove(replaced);
    await startExport(engine, { id, projectId: iteration.projectId }).catch(ignoreAbsence);
    return this.get(caller, 'publish', id);
  }

  /** Where the archive can be fetched without a key for a day; null while there is none. */
  urlOf({ id, status }: Export): string | null {
    return status === ExportStatus.DONE ? this.deps.signer.sign(archivePath(id), lifetimeMs).url : null;
  }

  /** Whether an exporter of today would write it otherwise. */
  isOutdated(row: Export): boolean {
    return row.exporterVersion !== exporterVersion;
  }

  /** The archive, for whoever has its signed address. */
  async archive(id: string): Promise<{ stream: Readable; sizeBytes: number; name: string }> {
    const row = await this.deps.database.read.manager.findOneBy(Export, { id, status: ExportStatus.DONE });
    if (!row) throw notFound('finished export', id);
    const { iterationId, platform, flavor, sizeBytes } = row;
    const name = `${[iterationId, platform, flavor].filter(Boolean).join('.')}.zip`;
    return { stream: await this.deps.storage.stream(keys.exportArchive(id)), sizeBytes: sizeBytes ?? 0, name };
  }

  /** The same for a caller of the project, by a path below it. */
  async artifact(caller: Caller, projectId: string, path: string) {
    authorise(caller, 'read', projectId);
    const id = /^\/?exports\/([^/]+)\/model\.zip$/.exec(path)?.[1]?.toLowerCase();
    const row = id === undefined ? null : await this.deps.database.read.manager.findOneBy(Export, { id, projectId });
    if (!row) throw notFound('artifact', path);
    return this.archive(row.id);
  }

  async *follow(caller: Caller, id: string, after?: string | null): AsyncGenerator<ExportProgress> {
    const started = await this.get(caller, 'read', id);
    for await (const { eventId, step, row } of this.progress.follow(started, parseEventId(after))) {
      const { status, fraction, message } = step ?? row;
      yield { eventId, status, fraction, message, export: row };
    }
  }

  private async formOf(
    manager: EntityManager,
    { kind, classificationType }: Project,
    iteration: Iteration,
    input: ExportIterationInput,
  ): Promise<ExportForm> {
    // Deleted while the caller waited for the lock, perhaps.
    if (!(await manager.existsBy(Iteration, { id: iteration.id }))) throw notFound('iteration', iteration.id);
    checkTrained(iteration);
    const domain = await this.domainOf(manager, iteration);
    // No other domain would help a kind that nobody writes.
    if (domain?.isExportable || !isWritten(kind)) return exportForm(kind, classificationType, input);
    const message = `Iteration ${JSON.stringify(iteration.name)} was trained for the domain ${domain?.name ?? 'of another version'}; only models of compact domains can be exported. Choose one, such as General (compact), and train again.`;
    throw new DomainError('NOT_EXPORTABLE', message, { domainId: domain?.id ?? null });
  }

  /** The domain of an iteration; for an iteration that did not record it, the current domain of its project. */
  private async domainOf(
    manager: EntityManager,
    { domainId, projectId }: Pick<Iteration, 'projectId' | 'domainId'>,
  ): Promise<Domain | null> {
    if (domainId !== null) return findDomain(domainId);
    const project = await manager.findOneBy(Project, { id: projectId });
    return project && getDomain(project.domainId);
  }
}

function newExport({ id: iterationId, projectId }: Iteration, { platform, flavor }: ExportForm): Export {
  const state = { status: ExportStatus.EXPORTING, fraction: 0, message: 'Waiting for a worker.', error: null };
  const open = { sizeBytes: null, sha256: null, largestDifference: null, finishedAt: null };
  const createdAt = new Date();
  return { id: newId(), projectId, iterationId, platform, flavor, ...state, exporterVersion, ...open, createdAt };
}

/** Takes an outdated or failed one away. @throws DomainError for one that is made already or being made */
async function replaceOlder(
  manager: EntityManager,
  { id: iterationId, name }: Iteration,
  { platform, flavor }: ExportForm,
): Promise<string[]> {
  const twin = await manager.findOneBy(Export, { iterationId, platform, flavor: flavor ?? IsNull() });
  if (!twin) return [];
  const title = `The export of ${JSON.stringify(name)} for ${[platform, flavor].filter(Boolean).join(' ')}`;
  if (twin.status === ExportStatus.EXPORTING)
    throw new DomainError('EXPORT_RUNNING', `${title} is still being created.`, { exportId: twin.id });
  if (twin.status === ExportStatus.DONE && twin.exporterVersion === exporterVersion)
    throw new DomainError('EXPORT_EXISTS', `${title} already exists; read it from the exports of the iteration.`, {
      exportId: twin.id,
    });
  return forgetExports(manager, { id: twin.id });
}
