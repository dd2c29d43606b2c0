import { In, MoreThan } from 'typeorm';
import { EventRow } from '../../schema/entities/event.entity.ts';
import type { Database } from '../database/database.ts';
import { PassedOver } from './passed-over.ts';
import { EventQueue } from './queue.ts';

export interface EventFilter {
  topic: string;
  entityId: string;
}

export interface TailOptions {
  pollMs: number;
  /** How long an id that was passed over may still appear: the longest that a transaction takes. */
  windowMs: number;
  /** Told of a failed look at the table; the tail goes on. */
  onError?: (error: unknown) => void;
}

const pageSize = 500;

/**
 * Reads the `event` table as it grows and feeds the subscribers of this process. Each gets every event of
 * its filter once. Ids ascend, except for a row that was committed late: it is delivered when it appears.
 */
export class EventTail {
  private readonly subscribers = new Set<Subscriber>();
  private readonly ids: PassedOver;
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | undefined;
  private again = false;
  private running = false;
  private lookedMs = Date.now();
  private newestLagMs = 0;

  constructor(
    private readonly database: Database,
    private readonly options: TailOptions,
  ) {
    this.ids = new PassedOver(options.windowMs);
  }

  get subscriptionCount(): number {
    return this.subscribers.size;
  }

  /** Age that the newest event had when it was read here. */
  get lagMs(): number {
    return this.newestLagMs;
  }

  /** Since the last look at the table that succeeded. */
  get silentMs(): number {
    return Date.now() - this.lookedMs;
  }

  /** Starts at the present end of the table; older events reach subscribers that ask with `afterId`. */
  async start(): Promise<void> {
    const newest = await this.rows().find({ select: { id: true }, order: { id: 'DESC' }, take: pageSize });
    this.ids.startAfter((newest.at(-1)?.id ?? 1) - 1);
    for (const { id } of newest.reverse()) this.ids.note(id);
    this.lookedMs = Date.now();
    this.running = true;
    this.schedule();
  }

  /** Ends all subscriptions and waits for the look that is under way. */
  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.timer);
    for (const subscriber of this.subscribers) subscriber.queue.end();
    await this.checking;
  }

  /** Looks now instead of at the next poll; for the process that has just committed an event. */
  poke(): void {
    if (!this.running) return;
    if (this.checking) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.checking = this.check()
      .catch((error: unknown) => this.options.onError?.(error))
      .finally(() => {
        this.checking = undefined;
        this.schedule();
      });
  }

  /**
   * Follows one entity. With `afterId`, the events after it come first from the database and then the live
   * ones, with no gap and no duplicate. The subscription begins at the call. End it with `return()`.
   */
  subscribe(filter: EventFilter, afterId?: number): AsyncIterableIterator<EventRow> {
    const queue = new EventQueue<EventRow>(() => this.subscribers.delete(subscriber));
    const waiting = afterId === undefined ? undefined : [];
    const subscriber: Subscriber = { filter, queue, waiting, afterId: afterId ?? 0 };
    this.subscribers.add(subscriber);
    if (afterId !== undefined) void this.catchUp(subscriber, afterId).catch((error: unknown) => queue.fail(error));
    return queue;
  }

  /** Live events that arrive meanwhile wait, and those the database already gave are dropped. */
  private async catchUp(subscriber: Subscriber, afterId: number): Promise<void> {
    const given = new Set<number>();
    const give = (rows: EventRow[]): void => {
      for (const row of rows) {
        given.add(row.id);
        subscriber.queue.push(row);
      }
    };
    for (const ids of pagesOf(this.ids.doubtful(afterId)))
      give(await this.rows().find({ where: { ...subscriber.filter, id: In(ids) }, order: { id: 'ASC' } }));
    await this.readAfter(afterId, give, subscriber.filter);
    for (const row of subscriber.waiting ?? []) if (!given.has(row.id)) subscriber.queue.push(row);
    subscriber.waiting = undefined;
    subscriber.given = given;
  }

  private schedule(): void {
    if (!this.running) return;
    const delayMs = this.again ? 0 : this.options.pollMs;
    this.again = false;
    this.timer = setTimeout(() => this.poke(), delayMs);
    this.timer.unref();
  }

  private async check(): Promise<void> {
    const deliver = (rows: EventRow[]): void => rows.forEach((row) => this.deliver(row));
    for (const ids of pagesOf(this.ids.open))
      deliver(await this.rows().find({ where: { id: In(ids) }, order: { id: 'ASC' } }));
    await this.readAfter(this.ids.highest, deliver);
    this.ids.forget();
    this.lookedMs = Date.now();
  }

  /** Hands over all rows with a higher id, page by page. */
  private async readAfter(id: number, take: (rows: EventRow[]) => void, filter: Partial<EventFilter> = {}) {
    for (let last = id; ;) {
      const page = await this.rows().find({
        where: { ...filter, id: MoreThan(last) },
        order: { id: 'ASC' },
        take: pageSize,
      });
      take(page);
      last = page.at(-1)?.id ?? last;
      if (page.length < pageSize) return;
    }
  }

  private deliver(row: EventRow): void {
    const kind = this.ids.note(row.id);
    if (kind === 'seen') return;
    this.newestLagMs = Math.max(0, Date.now() - row.createdAt);
    for (const subscriber of this.subscribers)
      if (matches(subscriber.filter, row)) offer(subscriber, row, kind === 'late');
  }

  private rows() {
    return this.database.read.getRepository(EventRow);
  }
}

interface Subscriber {
  filter: EventFilter;
  queue: EventQueue<EventRow>;
  /** The subscriber has seen this one and those before it, even if the tail has not; those that come late excepted. */
  afterId: number;
  /** Live events held back while the missed ones are read; undefined when caught up. */
  waiting: EventRow[] | undefined;
  /** Ids already given by the catch-up which the tail may meet a little later. */
  given?: Set<number>;
}

function matches(filter: EventFilter, row: EventRow): boolean {
  return filter.topic === row.topic && filter.entityId === row.entityId;
}

function offer(subscriber: Subscriber, row: EventRow, isLate: boolean): void {
  if (row.id <= subscriber.afterId && !isLate) return;
  if (subscriber.waiting) {
    subscriber.waiting.push(row);
    return;
  }
  if (subscriber.given?.has(row.id)) return;
  subscriber.queue.push(row);
}

function pagesOf(ids: number[]): number[][] {
  return Array.from({ length: Math.ceil(ids.length / pageSize) }, (_, page) =>
    ids.slice(page * pageSize, (page + 1) * pageSize),
  );
}
