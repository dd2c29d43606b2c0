import { LessThanOrEqual, MoreThan, type FindOptionsWhere } from 'typeorm';
import { EventRow } from '../../schema/entities/event.entity.ts';
import type { Database } from '../database/database.ts';
import { EventQueue } from './queue.ts';

export interface EventFilter {
  topic: string;
  entityId: string;
}

export interface TailOptions {
  pollMs: number;
  /** Ids can commit out of order (on a server database), so rows this young are read again. */
  windowMs: number;
  /** Told of a failed look at the table; the tail goes on. */
  onError?: (error: unknown) => void;
}

const PAGE = 500;

/**
 * Reads the `event` table as it grows and feeds the subscribers of this process. Each gets every event of
 * its filter once. Ids ascend, except for a row that was committed late: it is delivered when it appears.
 */
export class EventTail {
  private readonly subscribers = new Set<Subscriber>();
  /** Ids delivered within the window, with the moment they were first seen. */
  private readonly seen = new Map<number, number>();
  private floor = 0;
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | undefined;
  private again = false;
  private running = false;
  private lookedMs = Date.now();
  private newestLagMs = 0;

  constructor(
    private readonly database: Database,
    private readonly options: TailOptions,
  ) {}

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
    const last = await this.rows().find({ order: { id: 'DESC' }, take: 1 });
    this.floor = last[0]?.id ?? 0;
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
    for (let last = afterId; ;) {
      const page = await this.rows().find({
        where: { ...subscriber.filter, id: MoreThan(last) },
        order: { id: 'ASC' },
        take: PAGE,
      });
      for (const row of page) {
        given.add(row.id);
        subscriber.queue.push(row);
      }
      last = page.at(-1)?.id ?? last;
      if (page.length < PAGE) break;
    }
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
    for (let last = this.floor; ;) {
      const page = await this.rows().find({ where: { id: MoreThan(last) }, order: { id: 'ASC' }, take: PAGE });
      for (const row of page) this.deliver(row);
      last = page.at(-1)?.id ?? last;
      if (page.length < PAGE) break;
    }
    this.lookedMs = Date.now();
    this.forget();
  }

  private deliver(row: EventRow): void {
    if (this.seen.has(row.id)) return;
    this.seen.set(row.id, Date.now());
    this.newestLagMs = Math.max(0, Date.now() - row.createdAt);
    for (const subscriber of this.subscribers) if (matches(subscriber.filter, row)) offer(subscriber, row);
  }

  /** Moves the floor past rows seen longer ago than the window: no lower id can still appear by then. */
  private forget(): void {
    const oldestMs = Date.now() - this.options.windowMs;
    for (const [id, seenMs] of this.seen) {
      if (seenMs > oldestMs) continue;
      this.seen.delete(id);
      this.floor = Math.max(this.floor, id);
    }
    for (const id of this.seen.keys()) if (id <= this.floor) this.seen.delete(id);
  }

  private rows() {
    return this.database.read.getRepository(EventRow);
  }
}

interface Subscriber {
  filter: EventFilter;
  queue: EventQueue<EventRow>;
  /** The subscriber has seen this one and those before it, even if the tail has not. */
  afterId: number;
  /** Live events held back while the missed ones are read; undefined when caught up. */
  waiting: EventRow[] | undefined;
  /** Ids already given by the catch-up which the tail may meet a little later. */
  given?: Set<number>;
}

function matches(filter: EventFilter, row: EventRow): boolean {
  return filter.topic === row.topic && filter.entityId === row.entityId;
}

function offer(subscriber: Subscriber, row: EventRow): void {
  if (row.id <= subscriber.afterId) return;
  if (subscriber.waiting) {
    subscriber.waiting.push(row);
    return;
  }
  if (subscriber.given?.has(row.id)) return;
  subscriber.queue.push(row);
}

/** Deletes events nobody will ask for any more. Returns how many went. */
export async function purgeEvents(database: Database, olderThanMs: number): Promise<number> {
  const where: FindOptionsWhere<EventRow> = { createdAt: LessThanOrEqual(Date.now() - olderThanMs) };
  return database.transact(async (manager) => (await manager.delete(EventRow, where)).affected ?? 0);
}
