import type { Snapshot } from '../../schema/contracts/training.ts';
import type { ActivityDeps } from './deps.ts';
import type { LeftOutImage } from './left-out.ts';

const listed = 20;
/** From this factor on the larger tag is likely to win by its number alone. */
const imbalanceFactor = 10;

interface WarningInput {
  snapshot: Snapshot;
  leftOut: readonly LeftOutImage[];
  /** The images that took part, in the order of `groups`. */
  images: Snapshot['images'];
  /** Near-duplicates have the same number. */
  groups: readonly number[];
  recommendedImagesPerTag: ActivityDeps['recommendedImagesPerTag'];
}

const quote = (name: string): string => JSON.stringify(name);

/** What to know before trusting the model, in plain sentences. */
export function trainingWarnings(input: WarningInput): string[] {
  return [...fewImages(input), ...imbalance(input), ...nearDuplicates(input), ...leftOutImages(input)];
}

/** Images to train on by tag, in the order of the tags. */
export function imagesPerTag({ tags }: Snapshot, images: Snapshot['images']): number[] {
  const counts = tags.map(() => 0);
  for (const { tagIndexes, isTest } of images)
    if (!isTest) for (const index of tagIndexes) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

function fewImages({ snapshot, images, recommendedImagesPerTag }: WarningInput): string[] {
  const counts = imagesPerTag(snapshot, images);
  const recommended = recommendedImagesPerTag[snapshot.kind === 'DETECTION' ? 'detection' : 'classification'];
  return snapshot.tags.flatMap(({ name }, index) => {
    const count = counts[index] ?? 0;
    if (count >= recommended) return [];
    return [`Tag ${quote(name)} has ${count} images; ${recommended} or more give a better model and figures.`];
  });
}

function imbalance({ snapshot, images }: WarningInput): string[] {
  const counts = imagesPerTag(snapshot, images);
  const sorted = snapshot.tags
    .map(({ name }, i) => ({ name, count: counts[i] ?? 0 }))
    .sort((a, b) => a.count - b.count);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most.count < imbalanceFactor * Math.max(1, least.count)) return [];
  const pair = `${quote(most.name)} has ${most.count} images and ${quote(least.name)} ${least.count}`;
  return [`The tags are unbalanced: ${pair}; the rare tag will be missed more often.`];
}

function nearDuplicates({ images, groups, snapshot }: WarningInput): string[] {
  const members = new Map<number, Snapshot['images']>();
  images.forEach((image, i) => {
    const group = groups[i] ?? i;
    members.set(group, [...(members.get(group) ?? []), image]);
  });
  const pairs = [...members.values()].filter((group) => group.length > 1);
  if (pairs.length === 0) return [];
  const count = pairs.reduce((sum, group) => sum + group.length, 0);
  const some = pairs.slice(0, 5).map((group) =>
    group
      .slice(0, 2)
      .map(({ id }) => id)
      .join(' and '),
  );
  const warning = `${count} images look nearly the same as another; they stay in one fold: ${some.join('; ')}.`;
  return [warning, ...pairs.flatMap((group) => differingTags(group, snapshot)).slice(0, 5)];
}

function differingTags(group: Snapshot['images'], { tags }: Snapshot): string[] {
  const [first, ...others] = group;
  const other = others.find(({ tagIndexes }) => String(tagIndexes) !== String(first?.tagIndexes));
  if (!first || !other) return [];
  const names = (image: typeof first): string => image.tagIndexes.map((i) => quote(tags[i]?.name ?? '')).join(', ');
  return [`Images ${first.id} (${names(first)}) and ${other.id} (${names(other)}) look the same but differ in tags.`];
}

/** What figures from few of the images are worth. Test images are the user's own choice. */
export function heldOutWarnings(images: Snapshot['images'], judgedCount: number): string[] {
  if (judgedCount >= images.length || images.some(({ isTest }) => isTest)) return [];
  return [
    `The figures come from ${judgedCount} of ${images.length} images, which a training with the same settings had not seen.`,
  ];
}

function leftOutImages({ leftOut }: WarningInput): string[] {
  const lines = leftOut.slice(0, listed).map(({ imageId, reason }) => `Image ${imageId} was left out: ${reason}`);
  return leftOut.length > listed ? [...lines, `${leftOut.length - listed} more images were left out.`] : lines;
}
