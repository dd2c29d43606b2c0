export interface Interval {
  value: number;
  low: number;
  high: number;
}

export interface Figures {
  precision: Interval;
  recall: Interval;
  averagePrecision: Interval;
}

export interface Performance extends Figures {
  measuredOn: string;
  imageCount: number;
  /** Null for classifiers. */
  meanAveragePrecision: { at50: Interval; at50To95: Interval } | null;
  perTag: (Figures & { tag: { id: string; name: string }; imageCount: number })[];
}

export interface ConfusionMatrix {
  tags: { id: string; name: string }[];
  /** Rows are the actual tags; columns the predicted ones, then one for none. */
  rows: number[][];
}

/** Pads the columns: the first to the left, the others to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** `92 % ±4`: the interval's half width, in percentage points. */
export function formatInterval({ value, low, high }: Interval): string {
  return `${Math.round(value * 100)} % ±${Math.round(((high - low) / 2) * 100)}`;
}

export function formatPerformance(performance: Pick<Performance, keyof Figures | 'perTag'>): string {
  const cells = (name: string, figures: Figures, count: number): string[] => [
    name,
    formatInterval(figures.precision),
    formatInterval(figures.recall),
    formatInterval(figures.averagePrecision),
    String(count),
  ];
  const rows = performance.perTag.map((row) => cells(row.tag.name, row, row.imageCount));
  const total = performance.perTag.reduce((sum, row) => sum + row.imageCount, 0);
  return formatTable(['tag', 'precision', 'recall', 'AP', 'images'], [...rows, cells('all', performance, total)]);
}

export function formatConfusion({ tags, rows }: ConfusionMatrix): string {
  const names = tags.map(({ name }) => name);
  const body = rows.map((row, index) => [
    names[index] ?? '?',
    ...row.map((count) => (count === 0 ? '·' : String(count))),
  ]);
  return formatTable(['actual \\ predicted', ...names, 'none'], body);
}
