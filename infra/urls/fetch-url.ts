import type { Agent, Dispatcher } from 'undici';
import { AddressPolicy } from './address-policy.ts';
import type { Resolve } from './guarded-agent.ts';
import { UrlRefusal } from './url-refusal.ts';

export { UrlRefusal, type UrlRefusalCode } from './url-refusal.ts';

export interface FetchUrlOptions {
  maxBytes: number;
  /** For all of it together: names, connections, redirects and the body. */
  timeoutMs: number;
  /** Host names, addresses and CIDR ranges that may be reached even though they are private. */
  allow: string[];
  /** Media types that are asked for; pictures if left out. */
  accept?: string;
  /** How names become addresses; the system's way if left out. */
  resolve?: Resolve;
}

const maxRedirects = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** undici's own. */
const timeoutCodes = new Set<unknown>(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const requestHeaders = { 'accept-encoding': 'identity', 'user-agent': 'Taglens' };

/**
 * The bytes behind a user's URL. Connects to public addresses only, however the URL, a name or a redirect is written.
 * @throws UrlRefusal and nothing else
 */
export function fetchUrl(url: string, options: FetchUrlOptions): Promise<Buffer> {
  return guarded(url, options, async (first, agent, signal) =>
    readBody(await follow(first, agent, signal, options.accept ?? 'image/*'), options.maxBytes),
  );
}

/**
 * Sends a body to a user's URL, as guarded as fetching; a redirect is not followed.
 * @throws UrlRefusal, also unless the answer has a status of 200 to 299
 */
export function postUrl(
  url: string,
  { body, headers }: { body: string; headers: Record<string, string> },
  options: Omit<FetchUrlOptions, 'maxBytes' | 'accept'>,
): Promise<void> {
  return guarded(url, options, async ({ origin, pathname, search }, agent, signal) => {
    const target = { origin, path: pathname + search, method: 'POST', body, signal } as const;
    const response = await agent.request({ ...target, headers: { ...headers, 'user-agent': 'Taglens' } });
    discard(response);
    const { statusCode: status } = response;
    if (status >= 200 && status < 300) return;
    throw new UrlRefusal('HTTP_STATUS', `The server of the URL answered with status ${status}.`, { status });
  });
}

type Options = Pick<FetchUrlOptions, 'timeoutMs' | 'allow' | 'resolve'>;

async function guarded<T>(
  url: string,
  options: Options,
  work: (url: URL, agent: Agent, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const first = parseUrl(url);
  const signal = AbortSignal.timeout(options.timeoutMs);
  // Only now: most processes never fetch anything.
  const { guardedAgent } = await import('./guarded-agent.ts');
  const agent = guardedAgent(new AddressPolicy(options.allow), options.timeoutMs, options.resolve);
  try {
    return await Promise.race([work(first, agent, signal), rejectAtAbort(signal)]);
  } catch (error) {
    throw asRefusal(error, signal, options.timeoutMs);
  } finally {
    // Not waited for: a name server that stalls would hold the caller beyond the limit.
    agent.destroy().catch(() => undefined);
  }
}

/** undici heeds the signal only once it is connected; a name server or a connection that stalls must be bounded too. */
function rejectAtAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

/** The first answer that is not a redirect. Redirects are followed here so that each hop is checked like the first. */
async function follow(first: URL, agent: Agent, signal: AbortSignal, accept: string): Promise<Dispatcher.ResponseData> {
  let url = first;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: { accept, ...requestHeaders },
      signal,
    });
    const location = response.headers['location'];
    if (!redirectStatuses.has(response.statusCode) || typeof location !== 'string') return response;
    discard(response);
    url = parseUrl(location, url);
  }
  const message = `The URL redirects more than ${maxRedirects} times; the limit is ${maxRedirects}.`;
  throw new UrlRefusal('TOO_MANY_REDIRECTS', message, { maxRedirects });
}

/** A body that nobody reads must not break the process when its connection is closed. */
function discard(response: Dispatcher.ResponseData): void {
  response.body.on('error', () => undefined).destroy();
}

function parseUrl(text: string, base?: URL): URL {
  const subject = base ? 'A redirect of the URL' : 'The URL';
  if (!URL.canParse(text, base?.href)) throw new UrlRefusal('INVALID_URL', `${subject} is not a valid URL.`);
  const url = new URL(text, base);
  const { protocol, username, password } = url;
  if (protocol !== 'http:' && protocol !== 'https:') {
    const message = `${subject} begins with ${protocol.slice(0, 40)}; only http: and https: are allowed.`;
    throw new UrlRefusal('INVALID_URL', message, { protocol: protocol.slice(0, 40) });
  }
  if (username || password) {
    throw new UrlRefusal('INVALID_URL', `${subject} contains a user name or password, which is not allowed.`);
  }
  return url;
}

async function readBody(response: Dispatcher.ResponseData, maxBytes: number): Promise<Buffer> {
  checkHead(response, maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(`more than ${maxBytes}`, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkHead(response: Dispatcher.ResponseData, maxBytes: number): void {
  try {
    checkStatus(response);
    const declared = Number(response.headers['content-length'] ?? 0);
    if (declared > maxBytes) throw tooLarge(String(declared), maxBytes);
  } catch (error) {
    discard(response);
    throw error;
  }
}

function checkStatus({ statusCode: status, headers }: Dispatcher.ResponseData): void {
  if (status !== 200) {
    throw new UrlRefusal('HTTP_STATUS', `The server of the URL answered with status ${status} instead of 200.`, {
      status,
    });
  }
  // None was asked for, and unpacking would let a few bytes become many.
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return;
  const message = 'The server of the URL answered with a content encoding although none was asked for.';
  throw new UrlRefusal('HTTP_STATUS', message, { status });
}

function tooLarge(bytes: string, maxBytes: number): UrlRefusal {
  const message = `The file behind the URL has ${bytes} bytes; the limit is ${maxBytes}.`;
  return new UrlRefusal('TOO_LARGE', message, { bytes, maxBytes });
}

function asRefusal(error: unknown, signal: AbortSignal, timeoutMs: number): UrlRefusal {
  if (error instanceof UrlRefusal) return error;
  // The error's own message would name the address; its code does not.
  const { code } = error as { code?: unknown };
  if (signal.aborted || timeoutCodes.has(code)) {
    const message = `Fetching the URL took longer than the limit of ${timeoutMs} ms.`;
    return new UrlRefusal('TIMEOUT', message, { timeoutMs });
  }
  const reason = typeof code === 'string' ? code : 'unknown cause';
  return new UrlRefusal(
    'UNREACHABLE',
    `The server of the URL cannot be reached or closed the connection (${reason}).`,
    { reason },
  );
}
