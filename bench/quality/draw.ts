import { seededRandom } from '../../workers/ml/random.ts';

/** Items by chance, which the seed decides, until every tag is on so many of them. */
export function drawUntilEach<Item, Tag>(
  items: readonly Item[],
  tagsOf: (item: Item) => readonly Tag[],
  perTag: number,
  seed: number,
): Item[] {
  const random = seededRandom(seed);
  const shuffled = items.map((item) => ({ item, order: random() })).sort((a, b) => a.order - b.order);
  const counts = new Map<Tag, number>();
  const countOf = (tag: Tag): number => counts.get(tag) ?? 0;
  return shuffled.flatMap(({ item }) => {
    const own = [...new Set(tagsOf(item))];
    if (own.every((tag) => countOf(tag) >= perTag)) return [];
    for (const tag of own) counts.set(tag, countOf(tag) + 1);
    return [item];
  });
}
