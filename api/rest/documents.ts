import { compatibilityPage } from './compatibility.ts';
import { openApiDocument } from './openapi.ts';
import { rows } from './routes.ts';

/** What is generated from the table of operations, for readers and for tools. */
export const azureDocuments = [
  {
    path: 'schema/azure-openapi.json',
    print: () => `${JSON.stringify(openApiDocument(rows), null, 2)}\n`,
  },
  { path: 'docs/azure-compatibility.md', print: () => compatibilityPage(rows) },
] as const;
