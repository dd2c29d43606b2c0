/** Cells of a square grid that look alike; edges in cells, `right` and `bottom` excluded. */
export interface MergedRegion {
  left: number;
  top: number;
  right: number;
  bottom: number;
  cellCount: number;
  /** What joining it to its neighbours cost, as a share of all difference in the grid, 0 to 1: how much it stands out. */
  distinctness: number;
}

interface Merge {
  a: number;
  b: number;
  cost: number;
}

/**
 * Joins the two neighbours that differ least, again and again until one region is left (Ward's method, with neighbours as the
 * only candidates), and returns every region on the way but the last. What stands out is joined late and at a high cost, whatever
 * its size.
 * @param cells [side * side, channels]
 */
export function mergedRegions(cells: Float32Array, side: number): MergedRegion[] {
  const tree = new MergeTree(cells, side);
  const queue = new MergeQueue();
  const offer = (region: number, neighbour: number): void =>
    queue.push({ a: region, b: neighbour, cost: tree.costOf(region, neighbour) });
  for (const [cell, neighbours] of tree.neighbours.entries())
    for (const neighbour of neighbours) if (neighbour > cell) offer(cell, neighbour);
  let total = 0;
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (!tree.isLive(next.a) || !tree.isLive(next.b)) continue;
    const merged = tree.merge(next);
    total += next.cost;
    for (const neighbour of tree.neighbours[merged] ?? []) offer(merged, neighbour);
  }
  // The costs of all merges add up to the sum of squares about the mean of the grid.
  return tree.regions.slice(0, -1).map((region) => {
    return { ...region, distinctness: total > 0 ? region.distinctness / total : 0 };
  });
}

class MergeTree {
  readonly regions: MergedRegion[] = [];
  readonly neighbours: Set<number>[] = [];
  private readonly means: Float32Array[] = [];
  private readonly gone = new Set<number>();

  constructor(cells: Float32Array, side: number) {
    const channels = cells.length / side ** 2;
    for (let cell = 0; cell < side ** 2; cell++) {
      const [left, top] = [cell % side, Math.floor(cell / side)];
      const beside = [
        left > 0 && cell - 1,
        left + 1 < side && cell + 1,
        top > 0 && cell - side,
        top + 1 < side && cell + side,
      ];
      this.regions.push({ left, top, right: left + 1, bottom: top + 1, cellCount: 1, distinctness: 0 });
      this.neighbours.push(new Set(beside.filter((other) => other !== false)));
      this.means.push(cells.subarray(cell * channels, (cell + 1) * channels));
    }
  }

  isLive(region: number): boolean {
    return !this.gone.has(region);
  }

  /** By how much the squared distances from the means grow when the two become one. */
  costOf(a: number, b: number): number {
    const [first, second] = [this.means[a] as Float32Array, this.means[b] as Float32Array];
    let distance = 0;
    for (let c = 0; c < first.length; c++) distance += ((first[c] as number) - (second[c] as number)) ** 2;
    const [n, m] = [this.regions[a]?.cellCount ?? 0, this.regions[b]?.cellCount ?? 0];
    return (distance * n * m) / (n + m);
  }

  merge({ a, b, cost }: Merge): number {
    const [first, second] = [this.regions[a] as MergedRegion, this.regions[b] as MergedRegion];
    first.distinctness = second.distinctness = cost;
    for (const old of [a, b]) this.gone.add(old);
    const merged = this.regions.push(union(first, second)) - 1;
    const [n, m] = [first.cellCount, second.cellCount];
    const other = this.means[b] as Float32Array;
    this.means.push(
      (this.means[a] as Float32Array).map((value, c) => (value * n + (other[c] as number) * m) / (n + m)),
    );
    const around = [a, b].flatMap((old) => [...(this.neighbours[old] ?? [])]).filter((region) => this.isLive(region));
    this.neighbours.push(new Set(around));
    for (const region of around) this.neighbours[region]?.add(merged);
    return merged;
  }
}

function union(a: MergedRegion, b: MergedRegion): MergedRegion {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
    cellCount: a.cellCount + b.cellCount,
    distinctness: 0,
  };
}

/** A binary heap, the cheapest merge first; merges of regions that are gone are passed over when they come. */
class MergeQueue {
  private readonly heap: Merge[] = [];

  push(merge: Merge): void {
    const { heap } = this;
    let at = heap.push(merge) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && this.costAt(parent) > merge.cost; parent = (at - 1) >> 1) {
      heap[at] = heap[parent] as Merge;
      at = parent;
    }
    heap[at] = merge;
  }

  pop(): Merge | undefined {
    const { heap } = this;
    const [first, last] = [heap[0], heap.pop()];
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (this.costAt(child + 1) < this.costAt(child)) child++;
      if (this.costAt(child) >= last.cost) break;
      heap[at] = heap[child] as Merge;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  private costAt(index: number): number {
    return this.heap[index]?.cost ?? Infinity;
  }
}
