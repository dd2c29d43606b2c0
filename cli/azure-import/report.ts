import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import type { Carried } from './carry.ts';
import type { IterationFigures } from './iterations.ts';
import type { Loss } from './losses.ts';
import type { Difference } from './verify.ts';

export interface TagCount {
  name: string;
  source: number;
  target: number;
}

/** What became of one project. */
export interface ImportReport {
  /** Whether every image that was listed is here with the same bytes, tags, boxes and metadata, and the counts agree. */
  isVerified: boolean;
  source: { endpoint: string; version: string; projectId: string; name: string };
  target: { url: string; projectId: string; kind: string; domain: string };
  domain: { source: string; target: string; description: string };
  startedAt: string;
  finishedAt: string;
  counts: {
    /** As the source counts, as it lists, and of those what is the same here. */
    sourceTagged: number;
    sourceUntagged: number;
    listed: number;
    same: number;
    targetImages: number;
  };
  pictures: Pick<Carried, 'added' | 'present' | 'merged' | 'refused'>;
  differences: Difference[];
  tags: TagCount[];
  notCarried: Loss[];
  iterations: IterationFigures[];
}

const shownIds = 10;
const percent = (value: number | null | undefined): string => (value == null ? '–' : `${(value * 100).toFixed(1)} %`);
/** Names come from elsewhere: a bar in one would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function verdict({ isVerified, counts, pictures, differences }: ImportReport): string {
  const { same, listed } = counts;
  if (isVerified)
    return `Verified: ${same} of ${listed} images were imported with the same bytes, tags, boxes and metadata.`;
  const parts = [`${same} of ${listed} images were imported with the same bytes, tags, boxes and metadata`];
  if (pictures.refused.length > 0) parts.push(`${pictures.refused.length} could not be imported`);
  if (differences.length > 0) parts.push(`${differences.length} differ`);
  const counted = counts.sourceTagged + counts.sourceUntagged;
  if (counted !== listed)
    parts.push(
      `the source counted ${counted} images but listed ${listed}: it changed meanwhile, run the command again`,
    );
  return `Not complete: ${parts.join('; ')}.`;
}

function markdownOf(report: ImportReport): string {
  const { source, target, domain, counts, pictures, differences, tags, notCarried, iterations } = report;
  const { added, present, merged, refused } = pictures;
  const parts = [
    `# Import of “${source.name}”`,
    verdict(report),
    `From project ${source.projectId} of ${source.endpoint} (${source.version}) to project ${target.projectId} of ${target.url}, ${report.startedAt} to ${report.finishedAt}.`,
    `Domain: ${domain.source} became ${domain.target}. ${domain.description}`,
    table(
      ['images', 'count'],
      [
        ['tagged at the source', String(counts.sourceTagged)],
        ['untagged at the source', String(counts.sourceUntagged)],
        ['imported by this run', String(added)],
        ['imported by an earlier run', String(present)],
        ['already there with the same content', String(merged)],
        ['refused', String(refused.length)],
        ['verified byte for byte', String(counts.same)],
        ['at the target now', String(counts.targetImages)],
      ],
    ),
    '## Tags',
    table(
      ['tag', 'images at the source', 'images here'],
      tags.map(({ name, source: there, target: here }) => [name, String(there), String(here)]),
    ),
    '## Not carried',
    notCarried.length > 0 ? table(['what', 'why', 'images'], notCarried.map(lossCells)) : 'Only the following.',
    'Stored predictions, exports and their files are not imported.',
    ...listed(
      'Pictures refused',
      refused.map(({ imageId, reason }) => `${imageId}: ${reason}`),
    ),
    ...listed(
      'Differences',
      differences.map(({ imageId, what }) => `${imageId}: ${what}`),
    ),
    ...iterationParts(iterations),
  ];
  return `${parts.join('\n\n')}\n`;
}

function lossCells({ what, why, imageIds }: Loss): string[] {
  const more = imageIds.length > shownIds ? ` and ${imageIds.length - shownIds} more` : '';
  return [what, why, imageIds.length === 0 ? '' : `${imageIds.slice(0, shownIds).join(', ')}${more}`];
}

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`## ${title}`, lines.map((line) => `- ${line.replaceAll('\n', ' ')}`).join('\n')];

function iterationParts(iterations: readonly IterationFigures[]): string[] {
  if (iterations.length === 0) return [];
  const rows = iterations.map(({ name, status, trainedAt, publishName, performance }) => [
    name,
    status,
    trainedAt ?? '',
    publishName ?? '',
    percent(performance?.precision),
    percent(performance?.recall),
    percent(performance?.averagePrecision),
  ]);
  const head = ['iteration', 'status', 'trained', 'published as', 'precision', 'recall', 'AP'];
  return ['## Iterations at the source', 'At a probability of 50 % and an overlap of 30 %.', table(head, rows)];
}

/** Writes both forms; answers the path of the one for people. */
export async function writeReport(folder: string, report: ImportReport): Promise<string> {
  const slug = report.source.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  const path = join(folder, `import-${slug === '' ? 'project' : slug}-${report.source.projectId.slice(0, 8)}`);
  try {
    await writeFile(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(`${path}.md`, markdownOf(report));
  } catch (error) {
    throw new CliError(
      `The report cannot be written to ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return `${path}.md`;
}
