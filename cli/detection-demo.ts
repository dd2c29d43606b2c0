import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { annotatedPicture } from './annotated-picture.ts';
import { regionLabels, type BoxedPhoto } from './boxed-photos.ts';
import { publishedName } from './classification-demo.ts';
import type { TaglensClient } from './client.ts';
import type { Box, IterationReport } from './demo-queries.ts';
import {
  createProject,
  createTag,
  createTags,
  predictAll,
  publish,
  train,
  uploadPhotos,
  type LabelledPhoto,
} from './demo-steps.ts';
import { CliError } from './errors.ts';
import { formatInterval, formatPerformance } from './tables.ts';

interface Found {
  tag: string;
  probability: number;
  box: Box;
}

export interface Answered {
  photo: Pick<BoxedPhoto, 'name' | 'boxes' | 'read'>;
  /** Highest probability first. */
  found: Found[];
}

/** From here on a box counts as found. */
const threshold = 0.5;
const rightOverlap = 0.5;
/** A model that finds less of what is there is no success. */
const leastShareFound = 0.5;
const picturesAtMost = 4;

/** Sends photographs with their boxes; those without any are background. */
async function upload(client: TaglensClient, projectId: string, photos: readonly BoxedPhoto[]): Promise<void> {
  const tagIds = await createTags(
    client,
    projectId,
    photos.flatMap(({ boxes }) => boxes.map(({ tag }) => tag)),
  );
  const hasBackground = photos.some(({ boxes }) => boxes.length === 0);
  const name = 'nothing of these';
  const negative = hasBackground ? await createTag(client, { projectId, name, type: 'NEGATIVE' }) : null;
  const testCount = photos.filter(({ isTest }) => isTest).length;
  console.log(`${photos.length - testCount} images to train on, ${testCount} held back, ${tagIds.size} tags`);
  const labelled = photos.map((photo): LabelledPhoto => {
    const { name, boxes, read } = photo;
    const tagged = boxes.length === 0 && negative !== null ? { tagIds: [negative] } : {};
    return { title: name, name, read, labels: { ...regionLabels(photo, tagIds), ...tagged } };
  });
  await uploadPhotos(client, projectId, labelled);
}

function printReport({ performance, modelSha256 }: IterationReport): void {
  if (!performance?.meanAveragePrecision) throw new CliError('The training has no detector figures.');
  const { at50, at50To95 } = performance.meanAveragePrecision;
  const judges = performance.measuredOn === 'TEST_IMAGES' ? 'images held back' : 'images, each held out once';
  console.log(`\n${formatPerformance(performance)}`);
  console.log(`\nmAP@0.5 ${formatInterval(at50)}, mAP@[.5:.95] ${formatInterval(at50To95)}`);
  console.log(
    `Measured on ${performance.imageCount} ${judges}; a box counts as correct from an overlap of ${rightOverlap}.`,
  );
  console.log(`Model ${modelSha256 ?? '(no checksum)'}`);
}

function overlap(a: Box, b: Box): number {
  const shared = (start: number, size: number, otherStart: number, otherSize: number): number =>
    Math.max(0, Math.min(start + size, otherStart + otherSize) - Math.max(start, otherStart));
  const both = shared(a.left, a.width, b.left, b.width) * shared(a.top, a.height, b.top, b.height);
  return both / (a.width * a.height + b.width * b.height - both);
}

/** How many of the annotated boxes were found where they are, and how many boxes were answered besides. */
export function compare(answers: readonly Answered[]): { annotated: number; right: number; extra: number } {
  let [annotated, right, extra] = [0, 0, 0];
  for (const { photo, found } of answers) {
    const open = [...photo.boxes];
    for (const { tag, box } of found) {
      const overlaps = open.map((one) => (one.tag === tag ? overlap(one, box) : 0));
      const best = Math.max(0, ...overlaps);
      if (best >= rightOverlap) open.splice(overlaps.indexOf(best), 1);
      else extra++;
    }
    annotated += photo.boxes.length;
    right += photo.boxes.length - open.length;
  }
  return { annotated, right, extra };
}

/** The first photograph of each tag that something was found in. */
function worthSeeing(answers: readonly Answered[]): Answered[] {
  const seen = new Set<string>();
  return answers
    .filter(({ found: [best] }) => best !== undefined && !seen.has(best.tag) && seen.add(best.tag))
    .slice(0, picturesAtMost);
}

async function writePictures(answers: readonly Answered[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-found-'));
  console.log('\nWhat was found, drawn on the images held back:');
  for (const { photo, found } of answers) {
    const labels = found.map(({ tag, probability, box }) => ({
      text: `${tag} ${Math.round(probability * 100)} %`,
      box,
    }));
    const path = join(folder, `${photo.name.replace(/\.[^.]*$/, '')}.jpg`);
    await writeFile(path, await annotatedPicture(await photo.read(), labels));
    console.log(`  ${labels.map(({ text }) => text).join(', ')}  ${pathToFileURL(path).href}`);
  }
}

/** @throws CliError when nothing, or less than half of what is there, was found */
function judge(answers: readonly Answered[]): void {
  const { annotated, right, extra } = compare(answers);
  const count = answers.reduce((sum, { found }) => sum + found.length, 0);
  if (count === 0) throw new CliError(`Nothing was found in the ${answers.length} images held back.`);
  console.log(
    `\n${right} of ${annotated} annotated boxes were found in the right place; ${extra} other boxes were predicted.`,
  );
  if (right < leastShareFound * annotated) throw new CliError(`Fewer than half of the ${annotated} boxes were found.`);
}

export async function detectionTour(client: TaglensClient, photos: readonly BoxedPhoto[]): Promise<string> {
  const heldBack = photos.filter(({ isTest }) => isTest);
  if (heldBack.length === 0) throw new CliError(`${photos.length} images are too few to hold any back.`);
  const projectId = await createProject(client, 'Demo of detection', 'DETECTION');
  await upload(client, projectId, photos);
  const { id, report } = await train(client, projectId);
  printReport(report);
  await publish(client, id, publishedName);
  const answers = (await predictAll(client, projectId, publishedName, heldBack)).map(({ photo, results }) => ({
    photo,
    found: results.flatMap(({ tagName: tag, probability, box }) =>
      box && probability >= threshold ? [{ tag, probability, box }] : [],
    ),
  }));
  judge(answers);
  await writePictures(worthSeeing(answers));
  return projectId;
}
