import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '../api/main.ts';
import { TaglensClient } from './client.ts';
import type { IterationReport } from './demo-queries.ts';
import { type Outcome, createProject, createTags, predictAll, publish, train, uploadPhotos } from './demo-steps.ts';
import { CliError } from './errors.ts';
import { type PhotoSet, readPhotoFolder, renderPhotos } from './photos.ts';
import { startProgress } from './progress.ts';
import { untilStopped } from './serve.ts';
import { formatConfusion, formatPerformance } from './tables.ts';

export interface DemoOptions {
  /** Null renders road signs instead. */
  folder: string | null;
  exitWhenDone: boolean;
  perTag: number;
}

const publishedName = 'demo';
const outcomeLineCount = 8;

async function gatherPhotos({ folder, perTag }: DemoOptions): Promise<PhotoSet> {
  if (folder !== null) return readPhotoFolder(folder);
  const progress = startProgress('Rendering');
  const set = await renderPhotos(perTag, (done) => progress.update(done / (perTag * 5)));
  progress.stop();
  return set;
}

function printReport(report: IterationReport): void {
  if (report.performance) console.log(`\n${formatPerformance(report.performance)}`);
  if (report.confusionMatrix) console.log(`\n${formatConfusion(report.confusionMatrix)}`);
  console.log(`\nModel ${report.modelSha256 ?? '(no checksum)'}, trained ${report.trainedAt ?? 'just now'}`);
}

/** One line for each photograph, the wrong ones first. */
export function outcomeLines(outcomes: readonly Outcome[]): string[] {
  const isRight = ({ photo, predicted }: Outcome): boolean => photo.tag === predicted;
  const sorted = [...outcomes].sort((a, b) => Number(isRight(a)) - Number(isRight(b)));
  return sorted.map((outcome) => {
    const { photo, predicted, probability } = outcome;
    const figure = `${predicted} ${Math.round(probability * 100)} %`;
    return `${isRight(outcome) ? 'right' : 'WRONG'}  ${photo.tag}/${photo.name}  →  ${figure}`;
  });
}

function printOutcomes(outcomes: readonly Outcome[]): void {
  if (outcomes.length === 0) return console.log('\nNo photographs were held back (a tag needs at least 5).');
  const right = outcomes.filter(({ photo, predicted }) => photo.tag === predicted).length;
  const share = Math.round((right / outcomes.length) * 100);
  console.log(`\nOn ${outcomes.length} photographs held back from training: ${right} right (${share} %)`);
  for (const line of outcomeLines(outcomes).slice(0, outcomeLineCount)) console.log(`  ${line}`);
}

function printAddresses(url: string, key: string, projectId: string): void {
  const predictUrl = `${url}/v1/projects/${projectId}/predict/${publishedName}`;
  console.log(`\nPlayground  ${url}/graphql   (header: Authorization: Bearer ${key})`);
  console.log(`Predict     curl -H 'Authorization: Bearer ${key}' --data-binary @photo.jpg ${predictUrl}`);
}

async function tour(client: TaglensClient, photos: PhotoSet): Promise<string> {
  const projectId = await createProject(client, 'Demo');
  const tagIds = await createTags(client, projectId, photos.training);
  console.log(
    `${photos.training.length} photographs to train on, ${photos.heldBack.length} held back, ${tagIds.size} tags`,
  );
  const refused = await uploadPhotos(client, projectId, photos.training, tagIds);
  if (refused.length === photos.training.length)
    throw new CliError(`Every photograph was refused: ${refused[0] ?? ''}`);
  for (const line of refused) console.log(`  not added: ${line}`);
  const { id, report } = await train(client, projectId);
  printReport(report);
  await publish(client, id, publishedName);
  printOutcomes(await predictAll(client, projectId, publishedName, photos.heldBack));
  return projectId;
}

/** The whole path of a user, through the public API only, against a server with fresh, throw-away data. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const photos = await gatherPhotos(options);
  const dataFolder = await mkdtemp(join(tmpdir(), 'taglens-demo-'));
  const key = `tl_${randomBytes(24).toString('base64url')}`;
  try {
    const settings = { TAGLENS_DATA: dataFolder, TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: key, TAGLENS_LOG_LEVEL: 'warn' };
    const server = await serve({ ...process.env, ...settings });
    try {
      const projectId = await tour(new TaglensClient(server.url, key), photos);
      printAddresses(server.url, key, projectId);
      if (options.exitWhenDone) return;
      console.log('\nServing until Ctrl-C …');
      await untilStopped();
    } finally {
      await server.close();
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}
