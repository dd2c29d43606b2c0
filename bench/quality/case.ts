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
   * One run for each seed; none when the photographs are not there.
   * @param settings of the server, where the product measures
   */
  measure: (seeds: readonly number[], settings: ServerSettings) => AsyncIterable<OneMeasured>;
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
  measure: (set: Set, trial: Own, seeds: readonly number[], settings: ServerSettings) => AsyncIterable<OneMeasured>,
): QualityCase[] {
  return trials.map((trial) => {
    const labels = [trial.set, ...trial.labels];
    return {
      name: [section, ...labels].join('/'),
      labels,
      seeds: trial.seeds,
      async *measure(seeds, settings) {
        const found = await find(trial.set);
        if (found) yield* measure(found, trial, seeds, settings);
      },
    };
  });
}

/** One more run of a case. */
export function withRun(before: Measured | undefined, { figures, minutes }: OneMeasured): Measured {
  const all: Measured = { figures: {} };
  for (const [name, value] of Object.entries(figures)) all.figures[name] = [...(before?.figures[name] ?? []), value];
  if (minutes !== undefined) all.minutes = [...(before?.minutes ?? []), minutes];
  return all;
}
