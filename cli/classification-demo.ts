import type { TaglensClient } from './client.ts';
import type { IterationReport } from './demo-queries.ts';
import { createProject, createTags, predictAll, publish, train, uploadPhotos, withTags } from './demo-steps.ts';
import type { Photo, PhotoSet } from './photos.ts';
import { formatConfusion, formatPerformance } from './tables.ts';

/** The best answer to a photograph. */
export interface Outcome {
  photo: Photo;
  predicted: string;
  probability: number;
}

export const publishedName = 'demo';
const outcomeLineCount = 8;

function printReport(report: IterationReport): void {
  if (report.performance) console.log(`\n${formatPerformance(report.performance)}`);
  if (report.confusionMatrix) console.log(`\n${formatConfusion(report.confusionMatrix)}`);
  console.log(`\nModel ${report.modelSha256 ?? '(no checksum)'}, trained ${report.trainedAt ?? 'just now'}`);
}

/** One line for each photograph, the wrong ones first. */
function outcomeLines(outcomes: readonly Outcome[]): string[] {
  const isRight = ({ photo, predicted }: Outcome): boolean => photo.tag === predicted;
  const sorted = [...outcomes].sort((a, b) => Number(isRight(a)) - Number(isRight(b)));
  return sorted.map((outcome) => {
    const { photo, predicted, probability } = outcome;
    const figure = `${predicted} ${Math.round(probability * 100)} %`;
    return `${isRight(outcome) ? 'right' : 'WRONG'}  ${photo.tag}/${photo.name}  →  ${figure}`;
  });
}

function printOutcomes(outcomes: readonly Outcome[]): void {
  if (outcomes.length === 0) return;
  const right = outcomes.filter(({ photo, predicted }) => photo.tag === predicted).length;
  const share = Math.round((right / outcomes.length) * 100);
  console.log(`\nOn ${outcomes.length} images held back from training: ${right} correct (${share} %)`);
  for (const line of outcomeLines(outcomes).slice(0, outcomeLineCount)) console.log(`  ${line}`);
}

export async function classificationTour(client: TaglensClient, photos: PhotoSet): Promise<string> {
  const projectId = await createProject(client, 'Demo');
  const tagIds = await createTags(
    client,
    projectId,
    photos.training.map(({ tag }) => tag),
  );
  console.log(`${photos.training.length} images to train on, ${photos.heldBack.length} held back, ${tagIds.size} tags`);
  await uploadPhotos(client, projectId, withTags(photos.training, tagIds));
  const { id, report } = await train(client, projectId);
  printReport(report);
  await publish(client, id, publishedName);
  if (photos.heldBack.length === 0) console.log('\nNo photographs were held back (a tag needs at least 5).');
  const answers = await predictAll(client, projectId, publishedName, photos.heldBack);
  printOutcomes(
    answers.map(({ photo, results: [best] }) => ({
      photo,
      predicted: best?.tagName ?? 'none',
      probability: best?.probability ?? 0,
    })),
  );
  return projectId;
}
