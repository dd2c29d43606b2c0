import { gzipSync } from 'node:zlib';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { fetchUrl, UrlRefusal, type FetchUrlOptions } from '../../../infra/urls/fetch-url.ts';
import { startServer, stopServers } from './local-server.ts';

afterEach(stopServers);

const options: FetchUrlOptions = { maxBytes: 1000, timeoutMs: 2000, allow: ['127.0.0.1/32'] };
const picture = Buffer.from('pretend that this is a picture');

/** The refusal of a fetch; fails when there is none or when the error is another. */
async function refusalOf(url: string, own: Partial<FetchUrlOptions> = {}): Promise<UrlRefusal> {
  const outcome: unknown = await fetchUrl(url, { ...options, ...own }).catch((error: unknown) => error);
  if (outcome instanceof UrlRefusal) return outcome;
  throw new Error(`Expected a refusal instead of ${String(outcome)}`);
}

async function serve(answer: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await startServer(answer)}`;
}

const redirectTo = (location: string) => (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(302, { location }).end('a body that nobody reads');
};

describe('fetching', () => {
  test('returns the bytes, and asks for no compression and sends no credentials', async () => {
    let headers: IncomingMessage['headers'] = {};
    const url = await serve((request, response) => {
      headers = request.headers;
      response.end(picture);
    });
    expect(await fetchUrl(`${url}/a%20b.png?x=1`, options)).toEqual(picture);
    expect(headers).toMatchObject({ 'accept-encoding': 'identity' });
    expect(headers).not.toHaveProperty('authorization');
  });

  test('follows relative redirects up to the limit of five', async () => {
    const url = await serve((request, response) => {
      const step = Number(request.url?.slice(1));
      if (step === 0) response.end(picture);
      else redirectTo(`/${step - 1}`)(request, response);
    });
    expect(await fetchUrl(`${url}/5`, options)).toEqual(picture);
    expect(await refusalOf(`${url}/6`)).toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
  });

  test('refuses a redirect loop', async () => {
    const url = await serve(redirectTo('/again'));
    const refusal = await refusalOf(url);
    expect(refusal).toMatchObject({ code: 'TOO_MANY_REDIRECTS', details: { maxRedirects: 5 } });
    expect(refusal.message).toContain('5 times');
  });
});

describe('addresses', () => {
  const loopbacks = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '0',
    '[::1]',
    '[::ffff:127.0.0.1]',
  ];
  test.each([...loopbacks, 'localhost', 'LOCALHOST'])('refuses the loopback written as %s', async (host) => {
    const port = await startServer((_request, response) => response.end(picture));
    const refusal = await refusalOf(`http://${host}:${port}/`, { allow: [] });
    expect(refusal.code).toBe('ADDRESS_REFUSED');
    expect(refusal.message).not.toMatch(/127\.|::/);
  });

  test.each(['2130706433', '[::ffff:127.0.0.1]'])('reaches %s when the allow-list holds 127.0.0.1', async (host) => {
    const port = await startServer((_request, response) => response.end(picture));
    expect(await fetchUrl(`http://${host}:${port}/`, options)).toEqual(picture);
  });

  test('reaches a host that the allow-list names', async () => {
    const port = await startServer((_request, response) => response.end(picture));
    expect(await fetchUrl(`http://localhost:${port}/`, { ...options, allow: ['localhost'] })).toEqual(picture);
  });

  test.each(['127.0.0.2', '[::1]', '169.254.169.254', '[fd00:ec2::254]'])(
    'refuses a redirect from a permitted host to %s',
    async (host) => {
      const url = await serve(redirectTo(`http://${host}:9/latest/meta-data`));
      expect(await refusalOf(url)).toMatchObject({ code: 'ADDRESS_REFUSED' });
    },
  );

  test('refuses a name when any one of its addresses is private', async () => {
    const resolve = () =>
      Promise.resolve([
        { address: '127.0.0.1', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    expect(await refusalOf('http://images.test/', { resolve })).toMatchObject({ code: 'ADDRESS_REFUSED' });
  });

  test('dials the address that was checked, so that a name cannot change its answer in between', async () => {
    const port = await startServer((_request, response) => response.end(picture));
    const answers = ['127.0.0.1', '10.0.0.1'];
    const resolve = () => Promise.resolve([{ address: answers.shift() ?? '10.0.0.1', family: 4 }]);
    expect(await fetchUrl(`http://images.test:${port}/`, { ...options, resolve })).toEqual(picture);
    expect(answers).toEqual(['10.0.0.1']);
  });

  test('checks again on a redirect to the same name on another port', async () => {
    const answers = ['127.0.0.1', '10.0.0.1'];
    const resolve = () => Promise.resolve([{ address: answers.shift() ?? '10.0.0.1', family: 4 }]);
    const port = await startServer(redirectTo('http://images.test:9/'));
    expect(await refusalOf(`http://images.test:${port}/`, { resolve })).toMatchObject({ code: 'ADDRESS_REFUSED' });
  });
});

describe('invalid URLs', () => {
  test.each(['', 'picture.png', 'http://', 'file:///etc/passwd', 'data:image/png;base64,AA', 'ftp://127.0.0.1/a'])(
    'refuses «%s»',
    async (url) => expect(await refusalOf(url)).toMatchObject({ code: 'INVALID_URL' }),
  );

  test('refuses credentials, in the URL and in a redirect, and repeats none of them', async () => {
    const url = await serve(redirectTo('http://name:hunter2@127.0.0.1/'));
    for (const one of [url, url.replace('//', '//name:hunter2@')]) {
      const refusal = await refusalOf(one);
      expect(refusal.code).toBe('INVALID_URL');
      expect(refusal.message).not.toContain('hunter2');
    }
  });

  test('refuses a redirect to a file', async () => {
    expect(await refusalOf(await serve(redirectTo('file:///etc/passwd')))).toMatchObject({ code: 'INVALID_URL' });
  });
});

describe('sizes', () => {
  test('refuses a declared size above the limit without reading on, and names both', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 5_000_000_000 }).write('x');
    });
    const refusal = await refusalOf(url);
    expect(refusal).toMatchObject({ code: 'TOO_LARGE', details: { maxBytes: 1000 } });
    expect(refusal.message).toBe('The file behind the URL has 5000000000 bytes; the limit is 1000.');
  });

  test('stops an endless body without a declared size at the limit', async () => {
    const url = await serve((_request, response) => {
      const pump = setInterval(() => response.write(Buffer.alloc(400)), 5);
      response.on('close', () => clearInterval(pump));
    });
    expect(await refusalOf(url)).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('accepts exactly the limit', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(1000)));
    expect(await fetchUrl(url, options)).toHaveLength(1000);
  });

  test('refuses a compressed body instead of unpacking it', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)));
    });
    expect(await refusalOf(url, { maxBytes: 1e6 })).toMatchObject({ code: 'HTTP_STATUS' });
  });
});

describe('time', () => {
  const stalls: Record<string, RequestListener> = {
    'a server that says nothing': () => undefined,
    'a body that stops half way': (_request, response) => void response.write('x'),
    'a body that trickles': (_request, response) => {
      const drip = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(drip));
    },
    'a redirect chain that dawdles': (_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/on' }).end(), 120);
    },
  };
  test.each(Object.entries(stalls))('gives up on %s', async (_name, stall) => {
    const started = Date.now();
    const refusal = await refusalOf(await serve(stall), { timeoutMs: 300 });
    expect(refusal).toMatchObject({ code: 'TIMEOUT', details: { timeoutMs: 300 } });
    expect(Date.now() - started).toBeLessThan(1500);
  });

  test('gives up on a name that nobody answers', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    const started = Date.now();
    expect(await refusalOf('http://images.test/', { resolve, timeoutMs: 200 })).toMatchObject({ code: 'TIMEOUT' });
    expect(Date.now() - started).toBeLessThan(500);
  });
});

describe('servers', () => {
  test.each([404, 500, 204, 206, 304, 302])('refuses status %i, and names it', async (status) => {
    const refusal = await refusalOf(await serve((_request, response) => response.writeHead(status).end()));
    expect(refusal).toMatchObject({ code: 'HTTP_STATUS', details: { status } });
    expect(refusal.message).toContain(String(status));
  });

  test('says that a server is unreachable without naming its address', async () => {
    const port = await startServer(() => undefined);
    await stopServers();
    const refusal = await refusalOf(`http://127.0.0.1:${port}/`);
    expect(refusal).toMatchObject({ code: 'UNREACHABLE', details: { reason: 'ECONNREFUSED' } });
    expect(refusal.message).not.toContain('127');
  });

  test.each([
    ['breaks off', (response: ServerResponse) => response.writeHead(200, { 'content-length': 90 }).write('x')],
    ['speaks no HTTP', (response: ServerResponse) => response.socket?.write('hello\r\n\r\n')],
  ])('says that a server %s', async (_name, spoil) => {
    const url = await serve((_request, response) => {
      spoil(response);
      setTimeout(() => response.socket?.destroy(), 50);
    });
    expect(await refusalOf(url)).toMatchObject({ code: 'UNREACHABLE' });
  });

  test('says that a name does not exist', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('10.0.0.9 said no'), { code: 'ENOTFOUND' }));
    const refusal = await refusalOf('http://images.test/', { resolve });
    expect(refusal).toMatchObject({ code: 'UNREACHABLE', details: { reason: 'ENOTFOUND' } });
    expect(refusal.message).not.toContain('10.0');
  });
});
