import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import { hasS3 } from '../../backends/s3.ts';
import { addImages, makeProject, samples, startServer, type TestServer } from './setup.ts';

const requestUploads = `mutation ($input: RequestUploadsInput!) {
  requestUploads(input: $input) { id url method headers { name value } }
}`;

interface Ticket {
  id: string;
  url: string;
  method: string;
  headers: { name: string; value: string }[];
}

let server: TestServer;
let jpeg: Buffer;
beforeAll(async () => {
  server = await startServer();
  jpeg = (await samples(1, 5))[0]?.jpeg ?? Buffer.alloc(0);
});
afterAll(() => server.close());

async function ticketFor(projectId: string, sizeBytes: number): Promise<Ticket> {
  const input = { projectId, files: [{ name: 'sign.jpg', sizeBytes }] };
  const [ticket] = (await server.client.request<{ requestUploads: Ticket[] }>(requestUploads, { input }))
    .requestUploads;
  if (!ticket) throw new Error('no ticket');
  return ticket;
}

async function send({ url, method, headers }: Ticket, body: Buffer): Promise<Response> {
  return fetch(url, { method, headers: headers.map(({ name, value }) => [name, value]), body: Buffer.from(body) });
}

test('the client uploads by ticket, wherever the ticket leads', async () => {
  const { projectId } = await makeProject(server);
  const uploadId = await server.client.uploadFile(projectId, { name: 'sign.jpg', bytes: jpeg });
  const [result] = await addImages(server, { projectId, images: [{ source: { uploadId } }] });
  expect(result?.status).toBe('OK');
  expect(await server.storage.exists(keys.upload(uploadId))).toBe(false);
});

test('a file of another size than announced is refused when the image is added', async () => {
  const { projectId } = await makeProject(server);
  const ticket = await ticketFor(projectId, jpeg.length);
  await server.storage.put(keys.upload(ticket.id), Buffer.concat([jpeg, Buffer.from('more')]));
  const images = [{ source: { uploadId: ticket.id } }];
  const [longer] = await addImages(server, { projectId, images });
  expect([longer?.code, longer?.message]).toEqual(['INVALID', expect.stringContaining('more arrived')]);
  await server.storage.put(keys.upload(ticket.id), jpeg.subarray(1));
  const [shorter] = await addImages(server, { projectId, images });
  expect(shorter?.message).toContain(`${jpeg.length} bytes, but ${jpeg.length - 1} arrived`);
  await send(ticket, jpeg);
  const [right] = await addImages(server, { projectId, images });
  expect(right?.status).toBe('OK');
});

describe.skipIf(!hasS3)('with S3 (when TAGLENS_TEST_S3_ENDPOINT names a server)', () => {
  test('a ticket leads straight to the bucket, which refuses another size; what is no picture is refused later', async () => {
    const { projectId } = await makeProject(server);
    const rubbish = Buffer.from('<svg onload="alert(1)"/>');
    const ticket = await ticketFor(projectId, rubbish.length);
    expect(ticket.url.startsWith(process.env['TAGLENS_TEST_S3_ENDPOINT'] ?? '-')).toBe(true);
    expect((await send(ticket, jpeg)).status).toBe(403);
    const images = [{ source: { uploadId: ticket.id } }];
    const [missing] = await addImages(server, { projectId, images });
    expect(missing?.message).toContain('has not been sent yet');
    expect((await send(ticket, rubbish)).status).toBe(200);
    const [refused] = await addImages(server, { projectId, images });
    expect([refused?.status, refused?.image]).toEqual(['REFUSED', null]);
  });

  test('the address of an original leads on to the bucket, with the headers of a picture', async () => {
    const { projectId } = await makeProject(server);
    const images = [{ name: 'Bäume.jpg', source: { base64: jpeg.toString('base64') } }];
    const [added] = await addImages(server, { projectId, images });
    const { image } = await server.client.request<{ image: { url: string; displayUrl: string } }>(
      'query ($id: ID!) { image(id: $id) { url displayUrl } }',
      { id: added?.image?.id },
    );
    expect(image.url.startsWith(server.url)).toBe(true);
    const first = await fetch(image.url, { redirect: 'manual' });
    expect([first.status, first.headers.get('cache-control')]).toEqual([
      302,
      expect.stringMatching(/^private, max-age=/),
    ]);
    const picture = await fetch(image.url);
    expect(Buffer.from(await picture.arrayBuffer()).equals(jpeg)).toBe(true);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect(picture.headers.get('content-disposition')).toBe("inline; filename*=UTF-8''B%C3%A4ume.jpg");
    expect((await fetch(image.displayUrl, { redirect: 'manual' })).status).toBe(200);
  });

  test('pictures go through the server where clients cannot reach the bucket', async () => {
    const behind = await startServer({ TAGLENS_S3_DIRECT: 'false' });
    const { projectId } = await makeProject(behind);
    const input = { projectId, files: [{ name: 'sign.jpg', sizeBytes: jpeg.length }] };
    const answer = await behind.client.request<{ requestUploads: Ticket[] }>(requestUploads, { input });
    expect(answer.requestUploads[0]?.url.startsWith(behind.url)).toBe(true);
    await behind.close();
  });
});
