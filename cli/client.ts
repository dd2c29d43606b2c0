import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CliError } from './errors.ts';

export type Variables = Record<string, unknown>;

export interface UploadSource {
  name: string;
  bytes: Uint8Array;
}

interface UploadTicket {
  id: string;
  url: string;
  method: string;
  headers: { name: string; value: string }[];
}

interface SubscribeOptions {
  /** How many drops in a row, without an event between them, before giving up. */
  maxDrops?: number;
  retryDelayMs?: number;
}

const requestUploads = `mutation ($input: RequestUploadsInput!) {
  requestUploads(input: $input) { id url method headers { name value } expiresAt }
}`;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

/** One line for each GraphQL error, with the field it concerns. */
function readableErrors(errors: readonly unknown[]): string {
  const lines = errors.map((error) => {
    if (!isRecord(error)) return String(error);
    const path = Array.isArray(error['path']) ? ` (at ${error['path'].join('.')})` : '';
    return `${typeof error['message'] === 'string' ? error['message'] : 'Unknown error'}${path}`;
  });
  return lines.join('\n');
}

/** The server understood and declined. */
export class Refusal extends CliError {
  override readonly name = 'Refusal';
  constructor(readonly errors: readonly unknown[]) {
    super(readableErrors(errors));
  }

  /** Code of the first error, such as TOO_LARGE. */
  get code(): string | null {
    const code = this.detail('code');
    return typeof code === 'string' ? code : null;
  }

  /** What the first error says besides, such as its `max`. */
  detail(name: string): unknown {
    const extensions = isRecord(this.errors[0]) ? this.errors[0]['extensions'] : null;
    return isRecord(extensions) ? extensions[name] : undefined;
  }
}

function dataOf<T>(body: unknown, context: string): T {
  if (isRecord(body) && Array.isArray(body['errors']) && body['errors'].length > 0) throw new Refusal(body['errors']);
  if (!isRecord(body) || !isRecord(body['data'])) throw new CliError(`${context} did not answer with GraphQL data`);
  return body['data'] as T;
}

function predictionError(status: number, text: string): CliError {
  try {
    const body: unknown = JSON.parse(text);
    if (isRecord(body) && isRecord(body['error']))
      return new Refusal([{ message: body['error']['message'], extensions: body['error'] }]);
  } catch {
    // A proxy, perhaps.
  }
  return new CliError(`Prediction answered ${status}: ${text.slice(0, 200)}`);
}

/** The server refused, as opposed to the connection failing: trying again would not help. */
function refusalOf(error: unknown): CliError | null {
  if (error instanceof CliError) return error;
  if (Array.isArray(error)) return new Refusal(error);
  if (!isRecord(error) || typeof error['code'] !== 'number') return null;
  const isFatal = error['code'] >= 4400 && error['code'] < 4500;
  return isFatal ? new CliError(`The subscription was refused: ${String(error['reason'])} (${error['code']})`) : null;
}

export class TaglensClient {
  readonly #url: string;
  readonly #key: string;
  readonly #send: typeof fetch;

  /** `send` may repeat what fails. */
  constructor(url: string, key: string, send: typeof fetch = fetch) {
    this.#url = url.replace(/\/+$/, '');
    this.#key = key;
    this.#send = send;
  }

  /** Sends one operation. Throws a CliError with a readable message on any failure. */
  async request<T>(query: string, variables: Variables = {}, headers: Record<string, string> = {}): Promise<T> {
    const body = JSON.stringify({ query, variables });
    const response = await this.#fetch('/graphql', {
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': 'application/json' },
    });
    const text = await response.text();
    try {
      return dataOf<T>(JSON.parse(text), this.#url);
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError(`${this.#url}/graphql answered ${response.status}: ${text.slice(0, 200)}`);
    }
  }

  /**
   * Yields events until the server completes. After a dropped socket it subscribes again with `after` set to the
   * last event's id, so that no event is lost or seen twice.
   */
  async *subscribe<T extends { eventId: string }>(
    query: string,
    field: string,
    variables: Variables,
    { maxDrops = 5, retryDelayMs = 300 }: SubscribeOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    let after: string | null = null;
    for (let drops = 0; ; drops += 1) {
      const socket = this.#connect();
      try {
        const resumed: Variables = after === null ? variables : { ...variables, after };
        for await (const message of socket.iterate<Record<string, T>>({ query, variables: resumed })) {
          const event: T | undefined = dataOf<Record<string, T>>(message, this.#url)[field];
          if (event === undefined) continue;
          after = event.eventId;
          drops = 0;
          yield event;
        }
        return;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal !== null) throw refusal;
        if (drops >= maxDrops) throw new CliError(`Lost the connection to ${this.#url} and could not re-establish it`);
      } finally {
        await socket.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs * (drops + 1)));
    }
  }

  /** Uploads one file; returns the upload id that `addImages` takes. */
  async uploadFile(projectId: string, file: UploadSource): Promise<string> {
    const [id] = await this.uploadFiles(projectId, [file]);
    if (id === undefined) throw new CliError(`No upload ticket was issued for ${file.name}`);
    return id;
  }

  /** Asks for all the tickets at once, then sends the files; the ids come back in the files' order. */
  async uploadFiles(projectId: string, files: readonly UploadSource[]): Promise<string[]> {
    const described = files.map(({ name, bytes }) => ({ name, sizeBytes: bytes.length }));
    const answer = await this.request<{ requestUploads: UploadTicket[] }>(requestUploads, {
      input: { projectId, files: described },
    });
    const tickets = answer.requestUploads;
    if (tickets.length !== files.length)
      throw new CliError(`Asked for ${files.length} upload tickets, got ${tickets.length}`);
    await Promise.all(tickets.map((ticket, index) => this.#put(ticket, files[index])));
    return tickets.map(({ id }) => id);
  }

  /** The plain HTTP way to predict: the photograph is the request body. */
  async predict<T>(projectId: string, publishedName: string, bytes: Uint8Array): Promise<T> {
    const path = `/v1/projects/${projectId}/predict/${encodeURIComponent(publishedName)}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await this.#fetch(path, { method: 'POST', body: Buffer.from(bytes), headers });
    if (!response.ok) throw predictionError(response.status, await response.text());
    return (await response.json()) as T;
  }

  async #put(ticket: UploadTicket, file: UploadSource | undefined): Promise<void> {
    if (file === undefined) return;
    const headers = Object.fromEntries(ticket.headers.map(({ name, value }) => [name, value]));
    const target = new URL(ticket.url, this.#url);
    try {
      const response = await this.#send(target, { method: ticket.method, headers, body: Buffer.from(file.bytes) });
      if (response.ok) return;
      throw new CliError(
        `Uploading ${file.name} answered ${response.status}: ${(await response.text()).slice(0, 200)}`,
      );
    } catch (error) {
      throw error instanceof CliError ? error : new CliError(`Uploading ${file.name} failed: ${messageOf(error)}`);
    }
  }

  async #fetch(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${this.#key}` };
    try {
      return await this.#send(`${this.#url}${path}`, { ...init, headers });
    } catch (error) {
      throw new CliError(`Cannot reach ${this.#url}: ${messageOf(error)}`);
    }
  }

  #connect(): Client {
    return createClient({
      url: `${this.#url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.#key}` },
      // Retrying is ours to do: the library's own would start again without the last event id.
      retryAttempts: 0,
    });
  }
}
