import { setTimeout as sleep } from 'node:timers/promises';
import {
  ActivityError,
  CancelledError,
  describeFailure,
  errorOf,
  interruptedTooOften,
  interruptionLimit,
  isFinal,
  retryDelayMs,
} from '../../schema/contracts/activity.ts';
import type { ActivityContext, ActivityFailure, ActivityPolicy, RunControl } from '../../schema/contracts/activity.ts';
import type { RunStepRow } from '../../schema/entities/run-step.entity.ts';
import { traced } from '../../infra/tracing.ts';
import { attempt, type AttemptOptions } from './attempt.ts';
import { type Journal, JournalMismatchError, LeaseLostError } from './embedded-journal.ts';
import { ReplayOrder } from './embedded-replay.ts';

export type RunnableActivity = (input: unknown, context: ActivityContext) => Promise<unknown>;
export type Calls = Record<string, (input: unknown) => Promise<unknown>>;
export type Orchestration = (activities: Calls, input: unknown, run: RunControl) => Promise<unknown>;

export interface ExecutionOptions {
  runId: string;
  journal: Journal;
  activities: Record<string, RunnableActivity>;
  policies: Record<string, ActivityPolicy>;
  retryDelayMs: number;
}

/** One run inside one runner: it feeds the orchestration with answers from the journal or from activities. */
export class Execution implements RunControl {
  private sequence = 0;
  private readonly cancellation = new AbortController();
  private readonly dropping = new AbortController();
  /** Aborts the calls made since the orchestration last cancelled all of them. */
  private calling = new AbortController();
  private readonly order: ReplayOrder;
  private readonly running = new Set<Promise<unknown>>();
  private abort!: (error: unknown) => void;
  /** Rejects when the run must stop from outside the orchestration. */
  private readonly aborted = new Promise<never>((_, reject) => (this.abort = reject));

  constructor(private readonly options: ExecutionOptions) {
    this.order = new ReplayOrder(options.journal.ended());
    this.aborted.catch(() => undefined);
  }

  /**
   * @throws LeaseLostError when dropped, JournalMismatchError, an outage when the journal could not be written, or what the
   * orchestration throws
   */
  async run(orchestration: Orchestration, input: unknown): Promise<unknown> {
    try {
      return await Promise.race([orchestration(this.calls(), input, this), this.aborted]);
    } finally {
      // Calls the orchestration did not wait for must not outlive the run.
      this.dropping.abort(new LeaseLostError());
      await Promise.allSettled(this.running);
    }
  }

  get isCancelled(): boolean {
    return this.cancellation.signal.aborted;
  }

  cancel(): void {
    this.cancellation.abort(new CancelledError());
  }

  /** A replay comes to the same: the failure because of which it is called stands in the journal before any later call. */
  cancelCalls(): void {
    this.calling.abort(new CancelledError('Another activity failed.'));
    this.calling = new AbortController();
  }

  /** Stops without writing: the lease is lost or the process ends. */
  drop(): void {
    const reason = new LeaseLostError();
    this.dropping.abort(reason);
    this.abort(reason);
  }

  private calls(): Calls {
    const names = Object.keys(this.options.activities);
    return Object.fromEntries(names.map((name) => [name, (input: unknown) => this.call(name, input)]));
  }

  /** The number is taken here, synchronously, so that parallel calls get theirs in the order they are written. */
  private call(name: string, input: unknown): Promise<unknown> {
    this.sequence += 1;
    const answer = this.answer(this.sequence, name, input).catch((error: unknown) => this.passOn(error));
    this.running.add(answer);
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.running.delete(answer);
        // Once the run is dropped its calls never answer: the orchestration stands still instead of cleaning up.
        if (!this.dropping.signal.aborted) act();
      };
      answer.then(
        (value) => settle(() => resolve(value)),
        (error: Error) => settle(() => reject(error)),
      );
    });
  }

  /** Errors of the engine itself end the run; the orchestration must not see them, or it would begin to clean up. */
  private passOn(error: unknown): never {
    if (error instanceof ActivityError || error instanceof CancelledError) throw error;
    this.abort(error);
    this.dropping.abort(error);
    throw error;
  }

  private async answer(sequence: number, name: string, input: unknown): Promise<unknown> {
    const step = this.options.journal.find(sequence, name);
    if (step && step.completion !== null) {
      await this.order.turnOf(sequence);
      return outcomeOf(step);
    }
    const ended = await this.perform(sequence, name, input, step);
    await this.order.over();
    return outcomeOf(ended);
  }

  private async perform(sequence: number, name: string, input: unknown, before?: RunStepRow): Promise<RunStepRow> {
    const policy = this.policyOf(name);
    const signal = policy.runsWhenCancelled
      ? this.dropping.signal
      : AbortSignal.any([this.dropping.signal, this.cancellation.signal, this.calling.signal]);
    let step = before;
    for (;;) {
      this.dropping.signal.throwIfAborted();
      if (signal.aborted) return this.fail(sequence, name, describeFailure(signal.reason));
      if (step && step.attempts - step.failures > interruptionLimit)
        return this.fail(sequence, name, interruptedTooOften(name));
      step = await this.options.journal.begin(sequence, name);
      try {
        return await this.attempt(step, input, policy, signal);
      } catch (error) {
        this.dropping.signal.throwIfAborted();
        if (error instanceof LeaseLostError) throw error;
        if (signal.aborted || isFinal(error) || step.failures + 1 >= policy.attempts) {
          return this.fail(sequence, name, describeFailure(signal.aborted ? signal.reason : error));
        }
        step = await this.options.journal.retry(step);
        await sleep(retryDelayMs(step.failures, this.options.retryDelayMs), undefined, { signal }).catch(
          () => undefined,
        );
      }
    }
  }

  private async attempt(
    step: RunStepRow,
    input: unknown,
    policy: ActivityPolicy,
    signal: AbortSignal,
  ): Promise<RunStepRow> {
    const { journal, activities, runId } = this.options;
    const activity = activities[step.name] as RunnableActivity;
    const attributes = { 'taglens.run_id': runId, 'taglens.attempt': step.attempts };
    const once: AttemptOptions = {
      runId,
      policy,
      signal,
      attempt: step.attempts,
      lastHeartbeat: step.heartbeat?.details,
      keepHeartbeat: (details) => (step.heartbeat = { details }),
      saveHeartbeat: () => {
        const saving = journal.heartbeat(step).catch((error: unknown) => this.abort(error));
        this.running.add(saving);
        void saving.finally(() => this.running.delete(saving));
      },
    };
    const value = await traced(`activity ${step.name}`, { attributes }, () => attempt(activity, input, once));
    return journal.complete(step, value);
  }

  private fail(sequence: number, name: string, failure: ActivityFailure): Promise<RunStepRow> {
    return this.options.journal.fail(sequence, name, failure);
  }

  private policyOf(name: string): ActivityPolicy {
    const policy = this.options.policies[name];
    if (!policy) throw new JournalMismatchError(`The activity “${name}” has no policy.`);
    return policy;
  }
}

function outcomeOf(step: RunStepRow): unknown {
  if (step.status === 'COMPLETED') return step.result?.value;
  throw errorOf(step.name, step.error ?? { name: 'Error', message: 'unknown' });
}
