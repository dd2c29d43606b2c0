import type { Database } from '../../../infra/database/database.ts';
import type { EventTail } from '../../../infra/events/tail.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { RowProgress } from '../../row-progress.ts';
import { openStatuses } from './training-run.ts';
import type { IterationProgress } from './training.input.ts';

/** Only steps of gradient descent have a point. */
type Step = Pick<IterationProgress, 'status' | 'phase' | 'fraction' | 'message'> &
  Partial<Pick<IterationProgress, 'point'>>;

/** Tells subscribers how trainings go on. */
export class ProgressStream {
  private readonly progress: RowProgress<Iteration, Step>;

  constructor(database: Database, tail: EventTail) {
    const open = new Set<string>(openStatuses);
    const isOver = (status: string): boolean => !open.has(status);
    this.progress = new RowProgress(database, tail, { topic: 'iteration.progressed', entity: Iteration, isOver });
  }

  /** Every step of a training after an event, those of the past included, and ends with the training. */
  async *follow(iteration: Iteration, afterId: number): AsyncGenerator<IterationProgress> {
    for await (const { eventId, step, row } of this.progress.follow(iteration, afterId)) {
      const { status, phase, fraction, message, point } = { point: null, ...(step ?? row) };
      yield { eventId, status, phase, fraction, message, point: point ?? null, iteration: row };
    }
  }
}
