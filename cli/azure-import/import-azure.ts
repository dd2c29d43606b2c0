import { access } from 'node:fs/promises';
import { CliError } from '../errors.ts';
import { startProgress, type Progress } from '../progress.ts';
import { AzureApi } from './azure-api.ts';
import type { AzureImage, AzureProject } from './azure-models.ts';
import { carryImages, wantedOf, type Carried } from './carry.ts';
import { readIterations } from './iterations.ts';
import { Losses } from './losses.ts';
import { carryMetadata } from './metadata.ts';
import { patient, PoliteHttp, type Patience } from './polite-http.ts';
import { chooseProject, planProject, type Plan } from './project-plan.ts';
import { verdict, writeReport, type ImportReport, type TagCount } from './report.ts';
import { Target } from './target.ts';
import { verifyImages } from './verify.ts';

export interface ImportAzureOptions {
  endpoint: string;
  key: string;
  /** Id or name; every project when it is left out. */
  project?: string;
  to: string;
  toKey: string;
  /** Where the reports are written. */
  report: string;
}

/** A wrong address is told soon; only what has answered before is worth waiting for. */
const hasty = (patience: Patience): Patience => ({ ...patience, attempts: 4 });
/** Shorter waits are nothing to tell. */
const noticedWaitMs = 3000;

/** One bar at a time, which also says when the source asks for patience. */
class Steps {
  #progress: Progress | null = null;
  #fraction = 0;

  async run<T>(label: string, work: (onProgress: (fraction: number) => void) => Promise<T>): Promise<T> {
    this.#progress = startProgress(label);
    this.#fraction = 0;
    try {
      return await work((fraction) => {
        this.#fraction = fraction;
        this.#progress?.update(fraction);
      });
    } finally {
      this.#progress.stop();
      this.#progress = null;
    }
  }

  waiting(who: string, waitMs: number, reason: string): void {
    if (waitMs < noticedWaitMs) return;
    this.#progress?.update(this.#fraction, `${who}: ${reason}, waiting ${Math.round(waitMs / 1000)} s`);
  }
}

/** Moves projects from Azure Custom Vision, or anything that speaks as it does, into a running Taglens server. */
export async function importAzure(options: ImportAzureOptions, patience: Patience = patient): Promise<void> {
  const { endpoint, key, to, toKey, project: wanted, report: folder } = options;
  // Before an hour's work, not after it.
  await access(folder).catch(() => {
    throw new CliError(`There is no folder ${folder} for the report.`);
  });
  const steps = new Steps();
  const politely = (who: string): PoliteHttp =>
    new PoliteHttp({ ...patience, onWait: (waitMs, reason) => steps.waiting(who, waitMs, reason) });
  const source = await AzureApi.open(endpoint, key, politely('source'), new PoliteHttp(hasty(patience)));
  await new Target(to, toKey, new PoliteHttp(hasty(patience))).domains();
  const target = new Target(to, toKey, politely('target'));
  const projects = wanted === undefined ? source.projects : [chooseProject(source.projects, wanted)];
  if (projects.length === 0) console.log(`The key gives access to no project of ${source.endpoint}.`);
  const open: string[] = [];
  for (const project of projects) {
    console.log(`\n“${project.name}” of ${source.endpoint} (${source.version})`);
    const report = await importProject({ source, target, steps }, project);
    const path = await writeReport(folder, report);
    printReport(report, path);
    if (!report.isVerified) open.push(project.name);
  }
  if (open.length > 0)
    throw new CliError(`Not complete: ${open.join(', ')}. Run the same command again to continue where it stopped.`);
}

interface Sides {
  source: AzureApi;
  target: Target;
  steps: Steps;
}

async function importProject({ source, target, steps }: Sides, project: AzureProject): Promise<ImportReport> {
  const startedAt = new Date().toISOString();
  const losses = new Losses();
  const sourceCounts = await source.imageCounts(project.id);
  const images = await steps.run('Listing', (onProgress) =>
    listImages(source, project.id, sourceCounts.tagged + sourceCounts.untagged, onProgress),
  );
  const plan = await planProject(source, target, project, images, losses);
  if (plan.isResumed) console.log('An earlier run was found; continuing it.');
  const wanted = wantedOf(images, plan, losses);
  const sides = { source, target, sourceProjectId: project.id, targetProjectId: plan.projectId, tags: plan.tags };
  const carried = await steps.run('Carrying', (onProgress) => carryImages(sides, plan, wanted, onProgress));
  const refusedMetadata = await carryMetadata(target, plan.projectId, images, losses);
  const { same, differences } = await steps.run('Verifying', (onProgress) =>
    verifyImages(sides, wanted, { ...carried, refusedMetadata }, losses, onProgress),
  );
  const iterations = await readIterations(source, project.id, losses);
  const { imageCount, tags } = await target.counts(plan.projectId);
  const counts = {
    sourceTagged: sourceCounts.tagged,
    sourceUntagged: sourceCounts.untagged,
    listed: images.length,
    same,
    targetImages: imageCount,
  };
  return {
    isVerified: isComplete(counts, carried, differences.length),
    source: { endpoint: source.endpoint, version: source.version, projectId: project.id, name: project.name },
    target: { url: target.url, projectId: plan.projectId, kind: plan.kind, domain: plan.domain.target },
    domain: plan.domain,
    startedAt,
    finishedAt: new Date().toISOString(),
    counts,
    pictures: carried,
    differences,
    tags: tagCounts(plan, images, new Map(tags.map((tag) => [tag.id, tag.imageCount]))),
    notCarried: losses.all(),
    iterations,
  };
}

/** Each image once, also when the list moved while it was read. */
async function listImages(
  source: AzureApi,
  projectId: string,
  expected: number,
  onProgress: (fraction: number) => void,
): Promise<AzureImage[]> {
  const images = new Map<string, AzureImage>();
  for await (const page of source.images(projectId)) {
    for (const image of page) images.set(image.id, image);
    onProgress(Math.min(1, images.size / Math.max(1, expected)));
  }
  return [...images.values()];
}

function isComplete(counts: ImportReport['counts'], { refused }: Carried, differenceCount: number): boolean {
  const { sourceTagged, sourceUntagged, listed, same } = counts;
  return sourceTagged + sourceUntagged === listed && same === listed && refused.length + differenceCount === 0;
}

/** Counted over the images that were listed, since what the source counts may be of another moment. */
function tagCounts({ tags }: Plan, images: readonly AzureImage[], here: ReadonlyMap<string, number>): TagCount[] {
  const there = new Map<string, number>();
  for (const { tags: own } of images)
    for (const id of new Set((own ?? []).map(({ tagId }) => tagId))) there.set(id, (there.get(id) ?? 0) + 1);
  return [...tags.entries()].map(([id, { source, target }]) => ({
    name: source.name,
    source: there.get(id) ?? 0,
    target: here.get(target.id) ?? 0,
  }));
}

function printReport(report: ImportReport, path: string): void {
  const { pictures, notCarried, differences, iterations, domain } = report;
  const { added, present, merged, refused } = pictures;
  console.log(`\n${verdict(report)}`);
  console.log(`${added} imported now, ${present} by an earlier run, ${merged} already there with the same content.`);
  console.log(`Domain ${domain.source} → ${domain.target}. ${domain.description}`);
  const shown = 5;
  for (const { imageId, reason } of refused.slice(0, shown)) console.log(`  not imported: ${imageId}: ${reason}`);
  for (const { imageId, what } of differences.slice(0, shown)) console.log(`  differs: ${imageId}: ${what}`);
  for (const { what, why } of notCarried) console.log(`  not imported: ${what}: ${why}`);
  if (iterations.length > 0) console.log(`Figures of ${iterations.length} iterations are in the report.`);
  console.log(`Report ${path}`);
  console.log(`Project ${report.target.projectId} of ${report.target.url}`);
}
