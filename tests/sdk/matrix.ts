import { scenarios } from './scenarios/all.ts';

/** What came of an operation with a client: it works, it does not, or the client has no such operation. */
export type Outcome = 'works' | 'fails' | 'absent';

const signs: Record<Outcome, string> = { works: 'yes', fails: 'NO', absent: '–' };

/** A table of all operations by all clients, and how many work. */
export function printMatrix(columns: ReadonlyMap<string, ReadonlyMap<string, Outcome>>): void {
  const names = [...columns.keys()];
  const width = Math.max(...scenarios.map(({ operation }) => operation.length));
  const line = (first: string, cells: readonly string[]): string =>
    [first.padEnd(width), ...cells.map((cell, i) => cell.padEnd(names[i]?.length ?? 0))].join('  ');
  console.log(line('', names));
  for (const { operation } of scenarios)
    console.log(
      line(
        operation,
        names.map((name) => signs[columns.get(name)?.get(operation) ?? 'fails']),
      ),
    );
  for (const [name, outcomes] of columns) {
    const present = [...outcomes.values()].filter((outcome) => outcome !== 'absent');
    console.log(
      `${name}: ${present.filter((outcome) => outcome === 'works').length} of ${present.length} operations work`,
    );
  }
}
