import { seededRandom } from './random.ts';

export { groupNearDuplicates } from './near-duplicates.ts';

/** Fold of a test picture: it is never trained on and belongs to no fold. */
export const neverTrained = -2;

/** What the pictures are divided by; all arrays have one entry per picture. */
export interface FoldInput {
  targets: number[][];
  /** Near-duplicates have the same number, the place of one of them. */
  groups: number[];
  /** The user's own test pictures. */
  isTest: boolean[];
  seed: number;
  /** 5 by default. */
  maxFolds?: number;
}

interface Group {
  images: number[];
  /** How often each tag occurs in the group. */
  tags: Map<number, number>;
  /** Pictures of the rarest tag of the group in the whole set: the hard ones are placed first. */
  rarest: number;
  order: number;
}

/**
 * Which pictures stay together: near-duplicates, unless they are more than half of all that may be trained on, as of a camera
 * that never moves. With those in one fold, little or nothing would be left to learn from.
 * @returns one number per picture; together stay those of the same
 */
export function foldGroups({ groups, isTest }: Pick<FoldInput, 'groups' | 'isTest'>): number[] {
  const sizes = new Map<number, number>();
  let all = 0;
  groups.forEach((group, image) => {
    if (isTest[image]) return;
    all++;
    sizes.set(group, (sizes.get(group) ?? 0) + 1);
  });
  return groups.map((group, image) => ((sizes.get(group) ?? 0) > all / 2 ? image : group));
}

/**
 * Fold of every picture, 0 to (folds - 1): each fold gets its share of each tag, `foldGroups` stay together. Folds =
 * pictures of the rarest tag, at least 2 and at most `maxFolds`. Test pictures get `neverTrained`.
 */
export function assignFolds(input: FoldInput): Int32Array {
  const result = new Int32Array(input.targets.length).fill(neverTrained);
  const counts = countTags(input);
  const rarest = counts.size ? Math.min(...counts.values()) : 2;
  const foldCount = Math.max(2, Math.min(input.maxFolds ?? 5, rarest));
  const placedTags = Array.from({ length: foldCount }, () => new Map<number, number>());
  const placedImages = new Array<number>(foldCount).fill(0);
  for (const group of orderedGroups(input, counts)) {
    const fold = emptiestFold(group, placedTags, placedImages);
    for (const image of group.images) result[image] = fold;
    placedImages[fold] = (placedImages[fold] ?? 0) + group.images.length;
    const placed = placedTags[fold];
    for (const [tag, count] of group.tags) placed?.set(tag, (placed.get(tag) ?? 0) + count);
  }
  return result;
}

function countTags(input: FoldInput): Map<number, number> {
  const counts = new Map<number, number>();
  input.targets.forEach((tags, i) => {
    if (input.isTest[i]) return;
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  });
  return counts;
}

/** Groups with rare tags first, then large ones; chance decides among equals. */
function orderedGroups(input: FoldInput, counts: Map<number, number>): Group[] {
  const random = seededRandom(input.seed);
  const groups = new Map<number, Group>();
  const numbers = foldGroups(input);
  input.targets.forEach((tags, image) => {
    if (input.isTest[image]) return;
    const id = numbers[image] ?? -1 - image;
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { images: [], tags: new Map(), rarest: Infinity, order: random() }));
    group.images.push(image);
    for (const tag of tags) {
      group.tags.set(tag, (group.tags.get(tag) ?? 0) + 1);
      group.rarest = Math.min(group.rarest, counts.get(tag) ?? Infinity);
    }
  });
  const byRarest = (a: Group, b: Group): number => (a.rarest === b.rarest ? 0 : a.rarest < b.rarest ? -1 : 1);
  return [...groups.values()].sort((a, b) => byRarest(a, b) || b.images.length - a.images.length || a.order - b.order);
}

/** The fold that has the fewest pictures of the group's tags; among equals the one with the fewest pictures. */
function emptiestFold(group: Group, placedTags: Map<number, number>[], placedImages: number[]): number {
  let best = 0;
  let bestTags = Infinity;
  let bestImages = Infinity;
  placedTags.forEach((placed, fold) => {
    let tags = 0;
    for (const tag of group.tags.keys()) tags += placed.get(tag) ?? 0;
    const images = placedImages[fold] ?? 0;
    if (tags < bestTags || (tags === bestTags && images < bestImages)) {
      best = fold;
      bestTags = tags;
      bestImages = images;
    }
  });
  return best;
}
