import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { samples } from '../integration/api/setup.ts';
import type { SdkClient } from './client.ts';

/** What scenarios leave to those after them. */
export interface World {
  client: SdkClient;
  photos: { tag: string; jpeg: Buffer }[];
  /** Where a picture of the samples can be fetched. */
  pictureUrl: string;
  /** A published one that finds something in any picture. */
  detector: { projectId: string; publishedName: string };
  /** Ids by what they are of. */
  ids: Record<string, string>;
}

/** The rest are for what is done with single pictures. */
export const trained = 6;
const perTag = 9;

export async function twoTagsOfPhotos(): Promise<World['photos']> {
  const photos = await samples(perTag, 11);
  const [first, second] = [...new Set(photos.map(({ tag }) => tag))];
  return photos.filter(({ tag }) => tag === first || tag === second);
}

/** A web server that shows one picture at every address. */
export async function showPicture(jpeg: Buffer): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer((_request, response) =>
    response.setHeader('content-type', 'image/jpeg').end(jpeg),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/photo.jpg`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** @throws Error naming what no scenario has left yet */
export function idOf({ ids }: World, what: string): string {
  const id = ids[what];
  if (id === undefined) throw new Error(`There is no ${what}: the scenario that makes it failed.`);
  return id;
}

export async function until<T>(ask: () => Promise<T>, isEnd: (answer: T) => boolean, timeoutMs = 120_000): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isEnd(answer)) return answer;
    if (performance.now() > endMs) throw new Error(`Still ${JSON.stringify(answer)} after ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
