import type { EntityManager } from 'typeorm';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { traced } from '../../../infra/tracing.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';

/** An iteration of these has a run, or must get one. */
export const openStatuses = [IterationStatus.QUEUED, IterationStatus.TRAINING];

/** Joins the run if there is one already. One project trains one iteration at a time. */
export const startRun = (engine: Engine, { id, projectId }: Pick<Iteration, 'id' | 'projectId'>): Promise<void> =>
  traced('start trainIteration', { attributes: { 'taglens.iteration_id': id, 'taglens.project_id': projectId } }, () =>
    engine.start('trainIteration', { iterationId: id }, { id, group: projectId }),
  );

/** Tells subscribers what the row says now. */
export async function announceProgress(manager: EntityManager, row: Iteration): Promise<void> {
  const { id: entityId, projectId, status, phase, fraction, message } = row;
  const payload = { status, phase, fraction, message };
  await appendEvent(manager, { topic: 'iteration.progressed', entityId, projectId, payload });
}
