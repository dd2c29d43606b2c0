import { CliError } from '../errors.ts';

export interface Patience {
  /** Requests under way at the same time. */
  concurrency: number;
  /** Attempts at a request that fails by the server or the network; a wait that the server asks for does not count. */
  attempts: number;
  firstWaitMs: number;
  longestWaitMs: number;
  timeoutMs: number;
  /** Told before each wait that somebody might notice. */
  onWait?: (waitMs: number, reason: string) => void;
}

export const patient: Patience = {
  concurrency: 4,
  attempts: 8,
  firstWaitMs: 500,
  longestWaitMs: 30_000,
  timeoutMs: 120_000,
};

/** Whoever is told to wait for longer, as when a month's quota is used up, had better be told so. */
const longestToldWaitMs = 15 * 60_000;
const throttledStatus = 429;
const statusesWithoutBody = new Set([204, 205, 304]);

type Target = Parameters<typeof fetch>[0];

/**
 * Requests to one service that wait their turn: a few at once, repeated while the service or the network fails, and all of them
 * paused when it asks for less. A body is read within the attempt, so that one cut off is asked for again.
 */
export class PoliteHttp {
  readonly #patience: Patience;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #resumeAt = 0;

  constructor(patience: Patience = patient) {
    this.#patience = patience;
  }

  /** Takes the place of `fetch`. Answers what is not worth repeating, also refusals; bodies must be text or bytes. */
  readonly fetch = async (target: Target, init: RequestInit = {}): Promise<Response> => {
    await this.#turn();
    try {
      return await this.#persist(target, init);
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  };

  async #turn(): Promise<void> {
    while (this.#running >= this.#patience.concurrency)
      await new Promise<void>((resolve) => void this.#queue.push(resolve));
    this.#running += 1;
  }

  async #persist(target: Target, init: RequestInit): Promise<Response> {
    for (let failures = 0; ;) {
      await this.#untilResumed();
      const outcome = await this.#attempt(target, init);
      const isThrottled = outcome instanceof Response && outcome.status === throttledStatus;
      const toldMs = isThrottled ? await toldWaitMs(outcome) : null;
      if (isThrottled && toldMs !== null) {
        if (toldMs > longestToldWaitMs) return outcome;
        // Being told to come back at once is no reason to ask without a pause.
        this.#pause(Math.max(toldMs, this.#patience.firstWaitMs));
        continue;
      }
      if (outcome instanceof Response && !isThrottled && !isServerFault(outcome.status)) return outcome;
      failures += 1;
      if (failures >= this.#patience.attempts) return settle(outcome);
      // Who does not say for how long to wait may go on like that for ever.
      if (isThrottled) this.#pause(this.#backOffMs(failures - 1));
      else await this.#waitAfter(outcome, failures - 1);
    }
  }

  async #attempt(target: Target, init: RequestInit): Promise<Response | Error> {
    try {
      const response = await fetch(target, { ...init, signal: AbortSignal.timeout(this.#patience.timeoutMs) });
      const body = statusesWithoutBody.has(response.status) ? null : await response.arrayBuffer();
      const headers = new Headers(response.headers);
      // The body is unpacked by now.
      for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
      return new Response(body, { status: response.status, statusText: response.statusText, headers });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #waitAfter(outcome: Response | Error, failures: number): Promise<void> {
    const told = outcome instanceof Response ? await toldWaitMs(outcome) : null;
    const waitMs = Math.min(told ?? this.#backOffMs(failures), longestToldWaitMs);
    this.#patience.onWait?.(waitMs, outcome instanceof Response ? `status ${outcome.status}` : 'no connection');
    await sleep(waitMs);
  }

  #backOffMs(failures: number): number {
    return Math.min(this.#patience.longestWaitMs, this.#patience.firstWaitMs * 2 ** failures);
  }

  #pause(waitMs: number): void {
    this.#resumeAt = Math.max(this.#resumeAt, Date.now() + waitMs);
    this.#patience.onWait?.(waitMs, 'rate limit');
  }

  async #untilResumed(): Promise<void> {
    for (let waitMs; (waitMs = this.#resumeAt - Date.now()) > 0;) await sleep(waitMs);
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const isServerFault = (status: number): boolean =>
  status === 408 || (status >= 500 && status !== 501 && status !== 505);

function settle(outcome: Response | Error): Response {
  if (outcome instanceof Response) return outcome;
  throw outcome;
}

/** From the header, in seconds or as a date, or from what Azure's gateway writes; null when nothing is told. */
export async function toldWaitMs(response: Response): Promise<number | null> {
  const header = response.headers.get('retry-after');
  if (header !== null) {
    const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  const text = await response.clone().text();
  const seconds = /(?:retry after|try again in) (\d+) ?s/i.exec(text)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** Why a connection failed, in the words of the system where it has some. */
export function connectionFailure(what: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return new CliError(`Cannot reach ${what}: ${cause instanceof Error && cause.message ? cause.message : message}`);
}
