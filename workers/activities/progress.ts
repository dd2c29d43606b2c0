import type { EntityManager } from 'typeorm';
import { appendEvent } from '../../infra/events/outbox.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { IterationStatus, TrainingPhase } from '../../schema/enums.ts';

export interface Progress {
  status: IterationStatus;
  phase: TrainingPhase;
  fraction: number;
  message: string;
}

/** Writes progress on the iteration and the event that tells subscribers, in the caller's transaction. */
export async function reportProgress(manager: EntityManager, iterationId: string, progress: Progress): Promise<void> {
  const { projectId } = await manager.findOneByOrFail(Iteration, { id: iterationId });
  await manager.update(Iteration, { id: iterationId }, { ...progress });
  const event = { topic: 'iteration.progressed', entityId: iterationId, projectId };
  await appendEvent(manager, { ...event, payload: { ...progress } });
}
