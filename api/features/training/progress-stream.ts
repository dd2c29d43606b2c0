import type { Database } from '../../../infra/database/database.ts';
import type { EventTail } from '../../../infra/events/tail.ts';
import { SizedCache } from '../../../infra/sized-cache.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import { DomainError } from '../../errors.ts';
import type { IterationProgress } from './training.input.ts';

const topic = 'iteration.progressed';
const isOver = (status: IterationStatus): boolean =>
  ![IterationStatus.QUEUED, IterationStatus.TRAINING].includes(status);

/** Only steps of gradient descent have a point. */
type Step = Pick<IterationProgress, 'status' | 'phase' | 'fraction' | 'message'> &
  Partial<Pick<IterationProgress, 'point'>>;

/** @throws DomainError for what is no event id */
export function parseEventId(after: string | null | undefined): number {
  const id = Number(after ?? 0);
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw new DomainError('INVALID', 'after is not the id of an event.', { field: 'after' });
}

/** Rows kept for the subscribers that are told of the same event. */
const rowsKept = 100;

/** Tells subscribers how trainings go on, wherever they run. */
export class ProgressStream {
  /** A thousand subscribers of one event need its iteration once; by the id of the event. */
  private readonly rows = new SizedCache<Iteration | null>(rowsKept, () => 1);

  constructor(
    private readonly database: Database,
    private readonly tail: EventTail,
  ) {}

  /** Every step of a training after an event, those of the past included, and ends with the training. */
  async *follow(iteration: Iteration, afterId: number): AsyncGenerator<IterationProgress> {
    const { id } = iteration;
    const events = this.tail.subscribe({ topic, entityId: id }, afterId);
    try {
      if (isOver(iteration.status) && !(await this.hasEventsAfter(id, afterId))) {
        // Nothing more will come. Without `after` the caller has yet to learn how it ended.
        if (afterId === 0) yield { ...iteration, eventId: '0', point: null, iteration };
        return;
      }
      for await (const event of events) {
        const step = event.payload as Step;
        yield {
          ...step,
          point: step.point ?? null,
          eventId: String(event.id),
          iteration: (await this.rowAt(event)) ?? iteration,
        };
        if (isOver(step.status)) return;
      }
    } finally {
      await events.return?.();
    }
  }

  private rowAt({ id, entityId }: EventRow): Promise<Iteration | null> {
    return this.rows.get(String(id), () => this.database.read.manager.findOneBy(Iteration, { id: entityId }));
  }

  private hasEventsAfter(entityId: string, afterId: number): Promise<boolean> {
    const query = this.database.read.getRepository(EventRow).createQueryBuilder('event').where({ topic, entityId });
    return query.andWhere('event.id > :afterId', { afterId }).getExists();
  }
}
