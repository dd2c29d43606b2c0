import type { Database } from '../infra/database/database.ts';
import type { EventTail } from '../infra/events/tail.ts';
import { SizedCache } from '../infra/sized-cache.ts';
import { EventRow } from '../schema/entities/event.entity.ts';
import { DomainError } from './errors.ts';

/** @throws DomainError for what is no event id */
export function parseEventId(after: string | null | undefined): number {
  const id = Number(after ?? 0);
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw new DomainError('INVALID', 'after is not the id of an event.', { field: 'after' });
}

/** Rows that say how far they are, with an event for each step. */
export interface FollowedRows<Row> {
  topic: string;
  entity: new () => Row;
  isOver: (status: string) => boolean;
}

export interface FollowedStep<Row, Step> {
  eventId: string;
  /** What the event says; null: nothing more will come, and the row tells how it ended. */
  step: Step | null;
  /** The row as it is now. */
  row: Row;
}

/** Rows kept for the subscribers that are told of the same event. */
const rowsKept = 100;

/** Tells subscribers how something goes on, wherever it runs. */
export class RowProgress<Row extends { id: string; status: string }, Step extends { status: string }> {
  /** A thousand subscribers of one event need its row once; by the id of the event. */
  private readonly rows = new SizedCache<Row | null>(rowsKept, () => 1);

  constructor(
    private readonly database: Database,
    private readonly tail: EventTail,
    private readonly followed: FollowedRows<Row>,
  ) {}

  /** Every step after an event, those of the past included; ends with what it follows. */
  async *follow(row: Row, afterId: number): AsyncGenerator<FollowedStep<Row, Step>> {
    const { topic, isOver } = this.followed;
    const events = this.tail.subscribe({ topic, entityId: row.id }, afterId);
    try {
      if (isOver(row.status) && !(await this.hasEventsAfter(row.id, afterId))) {
        // Nothing more will come. Without `after` the caller has yet to learn how it ended.
        if (afterId === 0) yield { eventId: '0', step: null, row };
        return;
      }
      for await (const event of events) {
        const step = event.payload as Step;
        const current = await this.rowAt(event);
        // Deleted, which an event without a step tells: nobody will ever say how it ends.
        if (!current) return;
        yield { eventId: String(event.id), step, row: current };
        if (isOver(step.status)) return;
      }
    } finally {
      await events.return?.();
    }
  }

  private rowAt({ id, entityId }: EventRow): Promise<Row | null> {
    const load = (): Promise<Row | null> =>
      this.database.read.getRepository(this.followed.entity).createQueryBuilder('row').where({ id: entityId }).getOne();
    return this.rows.get(String(id), load);
  }

  private hasEventsAfter(entityId: string, afterId: number): Promise<boolean> {
    const { topic } = this.followed;
    const query = this.database.read.getRepository(EventRow).createQueryBuilder('event').where({ topic, entityId });
    return query.andWhere('event.id > :afterId', { afterId }).getExists();
  }
}
