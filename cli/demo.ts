import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '../api/main.ts';
import { withoutSettings } from '../infra/config.ts';
import { readCoco, renderBoxedPhotos } from './boxed-photos.ts';
import { classificationTour, publishedName } from './classification-demo.ts';
import { TaglensClient } from './client.ts';
import { detectionTour } from './detection-demo.ts';
import { readPhotoFolder, renderPhotos } from './photos.ts';
import { startProgress } from './progress.ts';
import { untilStopped } from './serve.ts';

export interface DemoOptions {
  /** Photographs with boxes instead of tags. */
  detection: boolean;
  /** A COCO file; null renders road signs, or takes `folder`. */
  coco: string | null;
  /** Photographs in folders, or those of the COCO file; null renders road signs instead, or looks beside that file. */
  folder: string | null;
  exitWhenDone: boolean;
  perTag: number | null;
}

/** Goes through everything that a user does; answers the project. */
type Tour = (client: TaglensClient) => Promise<string>;

/** What decides speed and limits only. Every other setting could lead to data, or to callers, that are no demo. */
const harmlessSettings =
  /_(THREADS|CONCURRENCY|QUEUE_LIMIT|MEMORY_BYTES|EXECUTION_PROVIDERS)$|^TAGLENS_(MAX|MIN|RECOMMENDED)_/;

/** A detector learns for longer from each photograph. */
const renderedPerTag = { classification: 30, detection: 12 };

async function rendered<T>(perTag: number, render: (onPhoto: (done: number) => void) => Promise<T>): Promise<T> {
  const progress = startProgress('Rendering');
  try {
    return await render((done) => progress.update(done / (perTag * 5)));
  } finally {
    progress.stop();
  }
}

/** Everything is read or rendered before a server starts for it. */
async function chooseTour({ detection, coco, folder, perTag }: DemoOptions): Promise<Tour> {
  if (coco !== null) {
    const set = await readCoco(coco, folder);
    return (client) => detectionTour(client, set);
  }
  if (detection) {
    const count = perTag ?? renderedPerTag.detection;
    const set = await rendered(count, (onPhoto) => renderBoxedPhotos(count, onPhoto));
    return (client) => detectionTour(client, set);
  }
  const count = perTag ?? renderedPerTag.classification;
  const photos =
    folder === null ? await rendered(count, (onPhoto) => renderPhotos(count, onPhoto)) : await readPhotoFolder(folder);
  return (client) => classificationTour(client, photos);
}

function printAddresses(url: string, key: string, projectId: string): void {
  const predictUrl = `${url}/v1/projects/${projectId}/predict/${publishedName}`;
  console.log(`\nPlayground  ${url}/graphql   (header: Authorization: Bearer ${key})`);
  console.log(`Predict     curl -H 'Authorization: Bearer ${key}' --data-binary @photo.jpg ${predictUrl}`);
}

/** The whole path of a user, through the public API only, against a server with fresh, throw-away data. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const tour = await chooseTour(options);
  const dataFolder = await mkdtemp(join(tmpdir(), 'taglens-demo-'));
  const key = `tl_${randomBytes(24).toString('base64url')}`;
  try {
    const settings = { TAGLENS_DATA: dataFolder, TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: key, TAGLENS_LOG_LEVEL: 'warn' };
    const server = await serve({ ...withoutSettings(process.env, harmlessSettings), ...settings });
    try {
      const projectId = await tour(new TaglensClient(server.url, key));
      if (options.exitWhenDone) return;
      printAddresses(server.url, key, projectId);
      console.log('\nServing until Ctrl-C …');
      await untilStopped();
    } finally {
      await server.close();
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}
