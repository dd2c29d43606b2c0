import type { BenchOptions } from '../main.ts';
import {
  withRun,
  type Measured,
  type OneMeasured,
  type QualityCase,
  type QualitySection,
  type ServerSettings,
} from './case.ts';
import { advanced } from './advanced.ts';
import { detectors, largerDetectors } from './detectors.ts';
import { heads } from './heads.ts';
import { smallObjects } from './small-objects.ts';
import { readRecord, recordCase, runCount, tableOf, writePage, type QualityRecord } from './report.ts';

const sections: QualitySection[] = [heads, advanced, detectors, largerDetectors, smallObjects];

function runsOf(
  { name, measure }: QualityCase,
  seeds: readonly number[],
  settings: ServerSettings = {},
): AsyncIterable<OneMeasured> {
  console.log(name);
  return measure(seeds, settings);
}

/** Too short for good figures. */
const shortTraining = { TAGLENS_MAX_TRAINING_STEPS: '60' };

/** One short training of every section that has one; nothing is written. */
async function smokeTest(): Promise<void> {
  for (const section of sections) {
    const found = section.cases.find(({ name }) => name === section.smoke);
    if (!found) continue;
    for await (const one of runsOf(found, [1], shortTraining))
      console.log(`${tableOf(section, { [found.name]: { ...withRun(undefined, one), labels: found.labels } })}\n`);
  }
}

/**
 * Quality on test splits, for few and for many images a tag, into docs/quality.json and docs/quality.md.
 * All of it takes hours; `only` chooses the cases whose name contains it, and with `more` those runs that they have are kept.
 * Says what this run measured; the page has all rows.
 */
export async function benchQuality({ smoke, more, only = '', runs = Infinity }: BenchOptions): Promise<void> {
  if (smoke) return smokeTest();
  for (const section of sections) {
    const measured: QualityRecord = {};
    for (const one of section.cases.filter(({ name }) => name.includes(only))) {
      let known: Measured | undefined = more ? (await readRecord())[one.name] : undefined;
      const seeds = one.seeds.slice(known ? runCount(known) : 0, runs);
      if (seeds.length === 0) continue;
      for await (const run of runsOf(one, seeds)) {
        known = withRun(known, run);
        const record = await recordCase(one.name, one.labels, known);
        Object.assign(measured, { [one.name]: record[one.name] });
      }
    }
    if (Object.keys(measured).length > 0) console.log(`${tableOf(section, measured)}\n`);
  }
  await writePage(sections, await readRecord());
}
