import { readFile } from 'node:fs/promises';
import { openBackbone, type Backbone } from '../workers/ml/backbones/backbone.ts';
import { backbones } from '../workers/ml/backbones/registry.ts';
import { iou } from '../workers/ml/detection/boxes.ts';
import { proposeRegions } from '../workers/ml/region-proposals/propose-regions.ts';
import { findDetectionDataset, type BoxedFile } from './datasets.ts';
import type { BenchOptions } from './main.ts';
import { median, printTable } from './report.ts';

/** Settings were chosen on the first two. */
const sets = ['azure-cutlery', 'bccd', 'mslearn-fruit-objects', 'playing-cards'];
const counts = [10, 50];
const overlap = 0.5;
const smokeFiles = 4;

interface Measured {
  /** Rank of the first proposal that overlaps each object enough; Infinity without one. */
  ranks: number[];
  durationsMs: number[];
}

/** How many objects of the train splits the proposals find, without any training. */
export async function benchProposals({ smoke, only = '' }: BenchOptions): Promise<void> {
  const backbone = await openBackbone(backbones['efficientnet-lite0']);
  const rows: string[][] = [];
  for (const name of sets.filter((set) => set.includes(only))) {
    const dataset = await findDetectionDataset(name);
    if (!dataset) continue;
    const files = smoke ? dataset.train.slice(0, smokeFiles) : dataset.train;
    const { ranks, durationsMs } = await measure(backbone, files);
    const recalls = counts.map((count) => ranks.filter((rank) => rank < count).length / ranks.length);
    const figures = recalls.map((recall) => recall.toFixed(2));
    rows.push([name, String(files.length), String(ranks.length), ...figures, median(durationsMs).toFixed(0)]);
  }
  await backbone.release();
  printTable(['set', 'pictures', 'objects', ...counts.map((count) => `recall at ${count}`), 'median ms'], rows);
}

async function measure(backbone: Backbone, files: readonly BoxedFile[]): Promise<Measured> {
  const measured: Measured = { ranks: [], durationsMs: [] };
  for (const { path, boxes } of files) {
    const bytes = await readFile(path);
    const startedMs = performance.now();
    const proposals = await proposeRegions(backbone, bytes);
    measured.durationsMs.push(performance.now() - startedMs);
    for (const box of boxes) {
      const rank = proposals.findIndex((proposal) => iou(proposal, box) >= overlap);
      measured.ranks.push(rank < 0 ? Infinity : rank);
    }
  }
  return measured;
}
