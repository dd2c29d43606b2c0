import { readFile, writeFile } from 'node:fs/promises';
// Before the table of operations: it brings the shim that the decorators of our outputs need.
import { printedSchema } from './schema.ts';
import { azureDocuments } from './rest/documents.ts';

export interface Generated {
  /** From the root of the project. */
  path: string;
  print: () => string | Promise<string>;
}

/** What is kept in the project for readers and for tools, and made from the code. */
export const generated: readonly Generated[] = [
  { path: 'schema/schema.graphql', print: printedSchema },
  ...azureDocuments,
];

const root = new URL('../', import.meta.url);

/** Writes what is not fresh, or only compares. Returns the paths of what was not. */
export async function updateGenerated({ check }: { check: boolean }): Promise<string[]> {
  const stale: string[] = [];
  for (const { path, print } of generated) {
    const file = new URL(path, root);
    const text = await print();
    if ((await readFile(file, 'utf8').catch(() => '')) === text) continue;
    stale.push(path);
    if (!check) await writeFile(file, text);
  }
  return stale;
}
