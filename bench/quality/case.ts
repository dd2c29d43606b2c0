/** What was measured under one name; a figure has one value for each seed or draw. */
export interface Measured {
  figures: Record<string, number[]>;
  /** Wall time of one training, each. */
  minutes?: number[];
}

/** The same of one seed or draw. */
export interface OneMeasured {
  figures: Record<string, number>;
  minutes?: number;
}

export type ServerSettings = Record<string, string>;

/** One row of a table. */
export interface QualityCase {
  /** As `--only` knows it, such as «detectors/bccd/QUICK/all». */
  name: string;
  /** The first cells of the row. */
  labels: string[];
  /** Draws or trainings to take the mean of. */
  seeds: readonly number[];
  /**
   * Null when the photographs are not there.
   * @param settings of the server, where the product measures
   */
  measure: (seeds: readonly number[], settings: ServerSettings) => Promise<Measured | null>;
}

export interface QualitySection {
  title: string;
  /** What the figures are and how they came about, in Markdown. */
  text: string;
  labels: string[];
  figures: { name: string; head: string; decimals: number }[];
  cases: QualityCase[];
  /** One that shows in a minute or two that all of it works. */
  smoke?: string;
}

/** One way to try a set. */
export interface Trial {
  set: string;
  /** Cells of the row after that of the set; they tell the cases of a set apart. */
  labels: string[];
  seeds: readonly number[];
}

/** A case for each trial of a section; none is measured whose set `find` does not find. */
export function casesOf<Set, Own extends Trial>(
  section: string,
  trials: readonly Own[],
  find: (set: string) => Promise<Set | null>,
  measure: (set: Set, trial: Own, seeds: readonly number[], settings: ServerSettings) => Promise<Measured>,
): QualityCase[] {
  return trials.map((trial) => {
    const labels = [trial.set, ...trial.labels];
    return {
      name: [section, ...labels].join('/'),
      labels,
      seeds: trial.seeds,
      measure: async (seeds, settings) => {
        const found = await find(trial.set);
        return found && measure(found, trial, seeds, settings);
      },
    };
  });
}

/** Trains once with each seed, keeps the time, and gathers the figures of all. */
export async function measureEach(
  seeds: readonly number[],
  measureOne: (seed: number) => Promise<OneMeasured>,
): Promise<Measured> {
  const figures: Record<string, number[]> = {};
  const minutes: number[] = [];
  for (const seed of seeds) {
    const one = await measureOne(seed);
    for (const [name, value] of Object.entries(one.figures)) (figures[name] ??= []).push(value);
    if (one.minutes !== undefined) minutes.push(one.minutes);
  }
  return { figures, ...(minutes.length > 0 ? { minutes } : {}) };
}
