import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { mean } from '../../workers/ml/intervals.ts';
import type { Measured, QualitySection } from './case.ts';

const recordFile = fileURLToPath(new URL('../../docs/quality.json', import.meta.url));
const pageFile = fileURLToPath(new URL('../../docs/quality.md', import.meta.url));

/** What is known of each case, by its name. */
export type QualityRecord = Record<
  string,
  Measured & { labels: string[]; measuredOn?: string; cores?: number; load?: number }
>;

/** Standard deviation of a sample (by n - 1), since the runs stand for all possible ones. */
function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

function cell(values: readonly number[] | undefined, decimals: number): string {
  if (!values || values.length === 0) return '';
  const spread = values.length > 1 ? ` ± ${deviation(values).toFixed(decimals)}` : '';
  return `${mean(values).toFixed(decimals)}${spread}`;
}

export function runCount({ figures }: Measured): number {
  return Math.max(...Object.values(figures).map((values) => values.length));
}

/** The table of a section, of those cases that were measured. */
export function tableOf(section: QualitySection, record: QualityRecord): string {
  const rows = section.cases.flatMap(({ name }) => (record[name] ? [record[name]] : []));
  const hasMinutes = rows.some(({ minutes }) => minutes !== undefined);
  const head = [...section.labels, ...section.figures.map((figure) => figure.head), 'runs'];
  if (hasMinutes) head.push('minutes a training', 'load');
  head.push('measured on');
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = rows.map((row) => {
    const { labels, figures, minutes, load, measuredOn = '' } = row;
    const cells = section.figures.map(({ name, decimals }) => cell(figures[name], decimals));
    const time = hasMinutes ? [cell(minutes, 1), `${load ?? ''}`] : [];
    return line([...labels, ...cells, `${runCount(row)}`, ...time, measuredOn]);
  });
  return [line(head), line(head.map(() => '---')), ...lines].join('\n');
}

export async function readRecord(): Promise<QualityRecord> {
  return JSON.parse(await readFile(recordFile, 'utf8').catch(() => '{}')) as QualityRecord;
}

/** Keeps what was measured after every run: what is broken off after hours loses the last. */
export async function recordCase(name: string, labels: string[], measured: Measured): Promise<QualityRecord> {
  const record = await readRecord();
  const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(4)));
  const figures = Object.fromEntries(Object.entries(measured.figures).map(([key, values]) => [key, rounded(values)]));
  const minutes = measured.minutes ? { minutes: rounded(measured.minutes) } : {};
  const measuredOn = new Date().toISOString().slice(0, 10);
  const load = Math.round(loadavg()[0] ?? 0);
  record[name] = { labels, figures, ...minutes, measuredOn, cores: availableParallelism(), load };
  const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => a.localeCompare(b, 'en')));
  await writeFile(recordFile, `${JSON.stringify(sorted, null, 2)}\n`);
  return sorted;
}

export async function writePage(sections: readonly QualitySection[], record: QualityRecord): Promise<void> {
  const measured = sections.filter(({ cases }) => cases.some(({ name }) => record[name]));
  const parts = measured.map((section) => `## ${section.title}\n\n${section.text}\n\n${tableOf(section, record)}\n`);
  await writeFile(pageFile, `${introduction}\n${parts.join('\n')}`);
}

const introduction = `# Quality

Measured on photographs that took no part in training (the test split of each set), never chosen by. Where a row has several runs (other
draws of the training photographs, or other seeds) it gives the mean and the standard deviation (of a sample, by n - 1). Minutes are wall time on the machine
that measured (two cores); above a load of 2 to 3 it had other work to do, and they are too long; one machine of two cores was three times as fast as another. A row tells of the recipe of its day
([decisions.md](decisions.md) says what was changed, and why). This page is written by \`npm run bench quality\`, one row of it by
\`npm run bench quality -- --only detectors/bccd/QUICK/all\`, where \`--runs 1\` takes one seed and \`--more\` keeps the runs that the row has; the
values of every run are in [quality.json](quality.json).

The sets are samples of public photographs. They are not part of the project, and are looked for beside it, in \`../shared/datasets/NAME\`: those
of one tag a photograph as \`train/TAG\` and \`test/TAG\`, those with boxes as \`images\` and a COCO file \`annotations.json\` whose \`split\` lists the file
names of \`train\` and \`test\`, and for several tags a photograph \`multilabel.json\`.

| set | source | licence |
| --- | --- | --- |
| azure-trees, azure-cutlery | Azure-Samples/cognitive-services-sample-data-files | MIT, © Microsoft Corporation |
| mslearn-fruit, mslearn-fruit-objects | MicrosoftLearning/AI-102-AIEngineer | MIT, © 2021 Microsoft |
| clothing | alexeygrigorev/clothing-dataset-small | CC0 1.0 |
| trash | Gary Thung and Mindy Yang, garythung/trashnet | MIT, © 2017 Gary Thung |
| cookies | aws-samples/amazon-lookout-for-vision | CC BY-SA 4.0, © Amazon.com, Inc. or its affiliates |
| bccd | Shenggan/BCCD_Dataset | MIT, © 2017 shenggan |
| playing-cards | EdjeElectronics/TensorFlow-Object-Detection-API-Tutorial-Train-Multiple-Objects-Windows-10 | Apache-2.0 |
`;
