import type { Snapshot } from '../../schema/contracts/training.ts';
import { foldGroups } from '../ml/folds.ts';
import { fewestCompared } from './compare-models.ts';
import { enoughTestImages } from './training-plan.ts';
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
  return [
    ...fewImages(input),
    ...fewTestImages(input),
    ...imbalance(input),
    ...nearDuplicates(input),
    ...leftOutImages(input),
  ];
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
    return [
      `Tag ${quote(name)} has ${count} images; with ${recommended} or more, the model and its figures become better.`,
    ];
  });
}

function fewTestImages({ images }: WarningInput): string[] {
  const count = images.filter(({ isTest }) => isTest).length;
  if (count === 0 || count >= enoughTestImages) return [];
  return [`The figures come from ${count} test images only; ${enoughTestImages} or more give figures to rely on.`];
}

function imbalance({ snapshot, images }: WarningInput): string[] {
  const counts = imagesPerTag(snapshot, images);
  const sorted = snapshot.tags
    .map(({ name }, i) => ({ name, count: counts[i] ?? 0 }))
    .sort((a, b) => a.count - b.count);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most.count < imbalanceFactor * Math.max(1, least.count)) return [];
  const pair = `${quote(most.name)} has ${most.count} images and ${quote(least.name)} ${least.count}`;
  return [`The tags are unbalanced: ${pair}; the rarer tag will be missed more often.`];
}

type Images = Snapshot['images'];

function nearDuplicates({ images, groups, snapshot }: WarningInput): string[] {
  const isTest = images.map((image) => image.isTest);
  const together = foldGroups({ groups: [...groups], isTest });
  const members = new Map<number, Images>();
  const apart = new Set<number>();
  images.forEach((image, i) => {
    const group = groups[i] ?? i;
    members.set(group, [...(members.get(group) ?? []), image]);
    if (together[i] !== group) apart.add(group);
  });
  const pairs = [...members].filter(([, own]) => own.length > 1);
  const tested = pairs.filter(([, own]) => own.some((image) => image.isTest) && own.some((image) => !image.isTest));
  const split = pairs.filter((pair) => apart.has(pair[0]) && !tested.includes(pair));
  const kept = pairs.filter((pair) => !tested.includes(pair) && !split.includes(pair));
  const tooGood = ', so the figures are too optimistic';
  return [
    ...told(tested, `look nearly the same across training and test images${tooGood}`),
    ...told(split, `look nearly the same as another, too many for one fold${isTest.includes(true) ? '' : tooGood}`),
    ...told(kept, 'look nearly the same as another; they stay in one fold'),
    ...pairs.flatMap(([, own]) => differingTags(own, snapshot)).slice(0, 5),
  ];
}

/** How many images that is said of, and which for example. */
function told(pairs: readonly (readonly [number, Images])[], what: string): string[] {
  if (pairs.length === 0) return [];
  const count = pairs.reduce((sum, [, own]) => sum + own.length, 0);
  const some = pairs.slice(0, 5).map(([, own]) => examples(own).join(' and '));
  return [`${count} images ${what}: ${some.join('; ')}.`];
}

/** Two of them; of both kinds if there are. */
function examples([first, ...others]: Images): string[] {
  const other = others.find(({ isTest }) => isTest !== first?.isTest) ?? others[0];
  return [first, other].flatMap((image) => image?.id ?? []);
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
    `The figures come from ${judgedCount} of ${images.length} images, judged by a training with the same settings that had not seen them.`,
  ];
}

/** Why an ADVANCED training gave a quick model. */
export function quickKeptWarning(comparedCount: number): string {
  if (comparedCount < fewestCompared)
    return `Too few images (${comparedCount}) were held out to compare the adapted model with the quick one, which was kept.`;
  return `The adapted model did worse on ${comparedCount} images that neither model had seen; the quick model was kept.`;
}

function leftOutImages({ leftOut }: WarningInput): string[] {
  const lines = leftOut.slice(0, listed).map(({ imageId, reason }) => `Image ${imageId} was left out: ${reason}`);
  return leftOut.length > listed ? [...lines, `${leftOut.length - listed} more images were left out.`] : lines;
}
