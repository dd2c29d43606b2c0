import type { EntityManager } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { newId } from '../../../schema/id.ts';
import { defaultSuppression } from '../../../workers/ml/detection/boxes.ts';
import { authorise, type Caller } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import { lockProject } from '../../project-lock.ts';
import { checkFraction, checkText } from '../../input-checks.ts';
import { checkTrained, type TrainingService } from '../training/training.service.ts';
import { longestName, mostBoxes, type PublishIterationInput } from './publishing.input.ts';

export class PublishingService {
  constructor(
    private readonly database: Database,
    private readonly training: TrainingService,
  ) {}

  async publish(caller: Caller, input: PublishIterationInput): Promise<Publication> {
    const { id: iterationId, projectId } = await this.training.get(caller, 'publish', input.iterationId);
    checkName(input.name);
    checkSuppression(input);
    const { name } = input;
    const resourceId = input.resourceId == null ? null : checkText('resourceId', input.resourceId, { max: 512 });
    const done = await OnceOnly.of(this.database, caller, 'publishIteration', input).transact(async (manager) => {
      await lockProject(manager, projectId);
      await refuseUntrained(manager, iterationId);
      const taken = await manager.findOneBy(Publication, { projectId, name });
      if (taken) refuseTaken(taken, input);
      const facts = { projectId, iterationId, name, resourceId, ...suppressionOf(input, taken) };
      const row = { id: taken?.id ?? newId(), ...facts, createdAt: new Date() };
      // One row changes, so that every request finds either the old model or the new one.
      await manager.save(Publication, row);
      const payload = { iterationId };
      await appendEvent(manager, { topic: 'publication.changed', entityId: row.id, projectId, payload });
      return row;
    });
    // What was done, and not what is there now: somebody else may have withdrawn it since. A repeated answer is JSON.
    return { ...done, createdAt: new Date(done.createdAt) };
  }

  async unpublish(caller: Caller, id: string): Promise<string> {
    const { projectId } = await this.get(id);
    authorise(caller, 'publish', projectId);
    await this.database.transact(async (manager) => {
      await lockProject(manager, projectId);
      const { affected } = await manager.delete(Publication, { id });
      if (affected === 0) throw notFound('publication', id);
      await appendEvent(manager, { topic: 'publication.changed', entityId: id, projectId, payload: {} });
    });
    return id;
  }

  /** Withdraws every name of an iteration. @throws DomainError when it has none */
  async unpublishIteration(caller: Caller, iterationId: string): Promise<void> {
    await this.training.get(caller, 'publish', iterationId);
    const published = await this.database.read.manager.findBy(Publication, { iterationId });
    if (published.length === 0) throw notFound('published model', iterationId);
    for (const { id } of published) await this.unpublish(caller, id);
  }

  private async get(id: string): Promise<Publication> {
    const publication = await this.database.read.manager.findOneBy(Publication, { id });
    if (!publication) throw notFound('publication', id);
    return publication;
  }
}

/** A part of an address takes any character percent-encoded; what is refused would be read as another path, or lost on the way. */
const publishedName = new RegExp(`^(?!\\.{1,2}$)[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}İ]{1,${longestName}}$`, 'u');

function checkName(name: string): void {
  if (name === name.trim() && publishedName.test(name)) return;
  const rule = `1 to ${longestName} characters, no leading or trailing blanks and no control characters, and not be “.” or “..”`;
  const message = `name must have ${rule}; it is ${JSON.stringify(name.slice(0, longestName + 2))}.`;
  throw new DomainError('INVALID', message, { field: 'name', max: longestName });
}

function checkSuppression({ iouThreshold, maxBoxes }: PublishIterationInput): void {
  if (iouThreshold != null) checkFraction('iouThreshold', iouThreshold);
  if (maxBoxes == null || (maxBoxes >= 1 && maxBoxes <= mostBoxes)) return;
  const message = `maxBoxes must be 1 to ${mostBoxes}; it is ${maxBoxes}.`;
  throw new DomainError('INVALID', message, { field: 'maxBoxes', min: 1, max: mostBoxes, value: maxBoxes });
}

/** Looked up inside the transaction: the iteration may be deleted by somebody else at this moment. */
async function refuseUntrained(manager: EntityManager, iterationId: string): Promise<void> {
  const iteration = await manager.findOneBy(Iteration, { id: iterationId });
  if (!iteration) throw notFound('iteration', iterationId);
  checkTrained(iteration);
}

function refuseTaken({ id, name, iterationId }: Publication, wanted: PublishIterationInput): void {
  if (wanted.overwrite || iterationId === wanted.iterationId) return;
  const message = `The name ${JSON.stringify(name)} is used by another iteration; pass overwrite: true to move it.`;
  throw new DomainError('NAME_TAKEN', message, { publicationId: id, iterationId });
}

/** A name that moves to a new model keeps what it was tuned to. */
function suppressionOf(
  { iouThreshold, maxBoxes }: PublishIterationInput,
  taken: Publication | null,
): Pick<Publication, 'iouThreshold' | 'maxBoxes'> {
  const kept = taken ?? defaultSuppression;
  return { iouThreshold: iouThreshold ?? kept.iouThreshold, maxBoxes: maxBoxes ?? kept.maxBoxes };
}
