import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, type S3Config } from '../../../infra/config.ts';
import { S3Storage } from '../../../infra/storage/s3.ts';
import type { Backend } from '../../backends/backend.ts';
import { hasS3, s3Backend } from '../../backends/s3.ts';

const minuteMs = 60_000;
const configOf = ({ settings }: Backend): S3Config => loadConfig(settings).storage as S3Config;

async function put(url: string | null, body: string): Promise<number> {
  const response = await fetch(url ?? '', { method: 'PUT', body });
  await response.arrayBuffer();
  return response.status;
}

/** Listens on a free port. */
async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; endpoint: string }> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Stands between client and S3 server and does to their bytes what the test says. */
function relay(wire: (client: Socket, upstream: Socket) => void): Promise<{ server: Server; endpoint: string }> {
  const { hostname, port } = new URL(process.env['TAGLENS_TEST_S3_ENDPOINT'] ?? '');
  return listen((client) => {
    const upstream = connect(Number(port), hostname);
    wire(client, upstream);
    for (const [one, other] of [[client, upstream] as const, [upstream, client] as const])
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
}

describe.skipIf(!hasS3)('S3 (when TAGLENS_TEST_S3_ENDPOINT names a server)', () => {
  let backend: Backend;
  let config: S3Config;
  let storage: S3Storage;
  beforeEach(async () => {
    const made = await s3Backend();
    if (!made) throw new Error('The keys of the S3 server are missing.');
    backend = made;
    config = configOf(backend);
    storage = new S3Storage(config);
  });
  afterEach(() => backend.close());

  test('an upload address takes exactly the announced size', async () => {
    const url = await storage.uploadUrl('uploads/1', 5, minuteMs);
    expect(await put(url, 'four')).toBe(403);
    expect(await put(url, 'sixsix')).toBe(403);
    expect(await storage.exists('uploads/1')).toBe(false);
    expect(await put(url, 'fives')).toBe(200);
    expect((await storage.get('uploads/1')).toString()).toBe('fives');
  });

  test('an upload address is for one key, and ends', async () => {
    const url = (await storage.uploadUrl('uploads/1', 5, minuteMs)) ?? '';
    expect(await put(url.replace('uploads/1', 'uploads/2'), 'fives')).toBe(403);
    const short = await storage.uploadUrl('uploads/1', 5, 1000);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await put(short, 'fives')).toBe(403);
    expect(await storage.exists('uploads/1')).toBe(false);
  });

  test('a download address says how the object is shown', async () => {
    await storage.put('a/1', Buffer.from('a picture'));
    const contentDisposition = "inline; filename*=UTF-8''B%C3%A4ume.png";
    const servedAs = { contentType: 'image/png', contentDisposition, cacheControl: 'private, max-age=60' };
    const response = await fetch((await storage.downloadUrl('a/1', servedAs, minuteMs)) ?? '');
    expect(await response.text()).toBe('a picture');
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toBe(contentDisposition);
    expect(response.headers.get('cache-control')).toBe('private, max-age=60');
  });

  test('addresses are those of the public endpoint, with the bucket as host name where that is the style', async () => {
    const publicEndpoint = 'https://objects.example';
    const byPath = new S3Storage({ ...config, publicEndpoint });
    const byHost = new S3Storage({ ...config, publicEndpoint, pathStyle: false });
    const addressOf = async (of: S3Storage) => ((await of.uploadUrl('a/1', 1, minuteMs)) ?? '').split('?')[0];
    expect(await addressOf(byPath)).toBe(`https://objects.example/${config.bucket}/a/1`);
    expect(await addressOf(byHost)).toBe(`https://${config.bucket}.objects.example/a/1`);
    expect(await new S3Storage({ ...config, direct: false }).uploadUrl('a/1', 1, minuteMs)).toBeNull();
  });

  test('a body that breaks off is read again', async () => {
    const bytes = Buffer.alloc(3_000_000, 'x');
    await storage.put('a/1', bytes);
    let cuts = 2;
    const { server, endpoint } = await relay((client, upstream) => {
      let passed = 0;
      client.on('data', (chunk) => upstream.write(chunk));
      upstream.on('data', (chunk: Buffer) => {
        client.write(chunk);
        passed += chunk.length;
        if (passed < 1_000_000 || cuts === 0) return;
        cuts -= 1;
        client.destroy();
      });
    });
    expect((await new S3Storage({ ...config, endpoint }).get('a/1')).equals(bytes)).toBe(true);
    expect(cuts).toBe(0);
    server.close();
  });

  test.each(['bytes', 'a stream', 'a stream in parts'])('%s damaged on the way: nothing is stored', async (form) => {
    const { server, endpoint } = await relay((client, upstream) => {
      client.on('data', (chunk: Buffer) => {
        const at = chunk.indexOf('photograph');
        if (at >= 0) chunk[at] = 0;
        upstream.write(chunk);
      });
      upstream.on('data', (chunk) => client.write(chunk));
    });
    const small = Buffer.from('a photograph');
    const large = Buffer.alloc(9_000_000, 'x').fill('a photograph', 1000, 1012);
    const body = form === 'bytes' ? small : Readable.from([form === 'a stream' ? small : large]);
    await expect(new S3Storage({ ...config, endpoint }).put('a/1', body)).rejects.toThrow(
      /does not match|digest|checksum/i,
    );
    expect(await storage.exists('a/1')).toBe(false);
    expect(await storage.discardUnfinished(new Date(Date.now() + 1000))).toBe(0);
    server.close();
  });

  test.each<[string, Partial<S3Config>, string]>([
    ['the bucket is missing', { bucket: 'taglens-no-such-bucket' }, 'correct TAGLENS_S3_BUCKET'],
    [
      'the key is unknown',
      { credentials: { accessKeyId: 'nobody', secretAccessKey: 'x' } },
      'TAGLENS_S3_ACCESS_KEY_ID',
    ],
    ['nobody listens', { endpoint: 'http://127.0.0.1:9' }, 'ECONNREFUSED 127.0.0.1:9'],
  ])('says how to fix it when %s', async (_, wrong, advice) => {
    await expect(new S3Storage({ ...config, ...wrong }).ping()).rejects.toThrow(advice);
  });

  test('says how to fix it when the secret is wrong', async () => {
    const credentials = { accessKeyId: config.credentials?.accessKeyId ?? '', secretAccessKey: 'wrong' };
    await expect(new S3Storage({ ...config, credentials }).ping()).rejects.toThrow('TAGLENS_S3_SECRET_ACCESS_KEY');
  });

  test('does not wait for ever for a silent server', async () => {
    const sockets: Socket[] = [];
    const { server, endpoint } = await listen((socket) => sockets.push(socket));
    await expect(new S3Storage({ ...config, endpoint }).ping()).rejects.toThrow('did not answer within 5000 ms');
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});
