import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Database } from '../infra/database/database.ts';
import { IdempotentAnswer } from '../schema/entities/idempotent-answer.entity.ts';
import type { Caller } from './access/access.ts';
import { DomainError } from './errors.ts';

const sha256 = (...parts: unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** One creating request under an `Idempotency-Key`: made once, however often the client has to send it. */
export class OnceOnly {
  private constructor(
    private readonly database: Database,
    private readonly id: string | null,
    private readonly requestSha256: string,
  ) {}

  static of(database: Database, caller: Caller, operation: string, input: unknown): OnceOnly {
    const { keyId, idempotencyKey } = caller;
    const id = idempotencyKey === null ? null : sha256(keyId, idempotencyKey, operation);
    return new OnceOnly(database, id, sha256(input));
  }

  /**
   * Answers from the first time when there was one. Else `work` runs in a transaction that also keeps its answer, so
   * that a crash leaves both or neither. `prepare` is for work that cannot be part of a transaction. The key is taken
   * before the work begins: the same request sent twice at once waits there and then gets the answer, not a refusal.
   */
  async run<P, A>(prepare: () => Promise<P>, work: (manager: EntityManager, prepared: P) => Promise<A>): Promise<A> {
    const known = await this.recall<A>(this.database.read.manager);
    if (known) return known.answer;
    const prepared = await prepare();
    return this.database.transact(async (manager) => {
      const meanwhile = await this.recall<A>(manager);
      if (meanwhile) return meanwhile.answer;
      await this.take(manager);
      const answer = await work(manager, prepared);
      await this.remember(manager, answer);
      return answer;
    });
  }

  transact<A>(work: (manager: EntityManager) => Promise<A>): Promise<A> {
    return this.run(() => Promise.resolve(), work);
  }

  private async recall<A>(manager: EntityManager): Promise<{ answer: A } | null> {
    if (this.id === null) return null;
    const row = await manager.findOneBy(IdempotentAnswer, { id: this.id });
    if (!row) return null;
    if (row.requestSha256 === this.requestSha256) return { answer: JSON.parse(row.answer ?? 'null') as A };
    const message = 'This Idempotency-Key was used for a different request; use a new key for a new request.';
    throw new DomainError('IDEMPOTENCY_MISMATCH', message);
  }

  private async take(manager: EntityManager): Promise<void> {
    const { id, requestSha256 } = this;
    if (id !== null) await manager.insert(IdempotentAnswer, { id, requestSha256, answer: null, createdAt: new Date() });
  }

  private async remember(manager: EntityManager, answer: unknown): Promise<void> {
    const { id } = this;
    if (id !== null) await manager.update(IdempotentAnswer, { id }, { answer: JSON.stringify(answer) });
  }
}
