import type { BenchOptions } from '../main.ts';
import type { Measured, QualityCase, QualitySection, ServerSettings } from './case.ts';
import { advanced } from './advanced.ts';
import { detectors, largerDetectors } from './detectors.ts';
import { heads } from './heads.ts';
import { smallObjects } from './small-objects.ts';
import { readRecord, recordCase, tableOf, writePage } from './report.ts';

const sections: QualitySection[] = [heads, advanced, detectors, largerDetectors, smallObjects];

async function run(
  { name, measure }: QualityCase,
  seeds: readonly number[],
  settings: ServerSettings = {},
): Promise<Measured | null> {
  console.log(name);
  return measure(seeds, settings);
}

/** Too short for good figures. */
const shortTraining = { TAGLENS_MAX_TRAINING_STEPS: '60' };

/** One short training of every section that has one; nothing is written. */
async function smokeTest(): Promise<void> {
  for (const section of sections) {
    const found = section.cases.find(({ name }) => name === section.smoke);
    const measured = found && (await run(found, [1], shortTraining));
    if (measured) console.log(`${tableOf(section, { [found.name]: { ...measured, labels: found.labels } })}\n`);
  }
}

/**
 * Quality on test splits, for few and for many images a tag, into docs/quality.json and docs/quality.md.
 * All of it takes hours; `only` chooses the cases whose name contains it.
 */
export async function benchQuality({ smoke, only = '', runs = Infinity }: BenchOptions): Promise<void> {
  if (smoke) return smokeTest();
  for (const section of sections) {
    const chosen = section.cases.filter(({ name }) => name.includes(only));
    for (const one of chosen) {
      const measured = await run(one, one.seeds.slice(0, runs));
      if (measured) await recordCase(one.name, one.labels, measured);
    }
    if (chosen.length > 0) console.log(`${tableOf(section, await readRecord())}\n`);
  }
  await writePage(sections, await readRecord());
}
