import { azureOperations } from './operations.ts';
import type { Row } from './row.ts';
import { versions, type Api } from './versions.ts';

const opening = `# Compatibility with Azure Custom Vision

This page is generated from the table of operations by \`npm run schema\`. \`docs/moving-from-azure.md\` explains how to move to Taglens.

Taglens serves the REST API of Azure Custom Vision at the root of its origin, so that Azure's own clients work after their
endpoint and key are changed. \`schema/azure-openapi.json\` describes the same operations for tools.`;

/** What holds for every operation, where Azure's documentation is silent or where we differ. */
const rules = `## For every operation

- Any of the headers \`Training-Key\`, \`Prediction-Key\`, \`Ocp-Apim-Subscription-Key\`, \`Authorization: Bearer\` and \`X-Api-Key\` may carry a Taglens API key; without any of them, so may any of \`training-key\`, \`prediction-key\`, \`ocp-apim-subscription-key\` and \`subscription-key\` in the query, which is kept out of the log (a proxy before the server may log it). Its role decides what it may do, and a key of the wrong kind is answered with 401 and the kind that is expected.
- Paths, names of query parameters and JSON properties, and enumeration values are not case-sensitive. Unknown properties are ignored, so that whole objects may be sent back. An endpoint may end with a slash, as Azure's portal shows it.
- An error is \`{"code", "message"}\` with one of Azure's codes; 401 and 429 have their number as the code, as Azure's gateway gives them. Azure does not publish which status goes with which code: here it is 404 for what does not exist, 413 for a body that is too large, 403 for a role without the permission, and 400 for the rest.
- v3.0 answers 200 where later versions may answer 207, and answers 404 to operations that were added later.
- URLs of images carry their own authorisation and expire, as Azure's do.
- A publication belongs to the project; the id of a prediction resource is stored and returned, but not checked.
- Waiting trainings have the status Training, cancelled ones Failed.`;

/** Markdown, as prettier leaves it alone: the page is not formatted again. */
export function compatibilityPage(rows: readonly Row[]): string {
  const apis = Object.keys(versions) as Api[];
  return `${[opening, rules, ...apis.flatMap((api) => sectionsOf(api, rows))].join('\n\n')}\n`;
}

function sectionsOf(api: Api, rows: readonly Row[]): string[] {
  const known = azureOperations[api];
  const byName = new Map(rows.filter((row) => row.api === api).map((row) => [row.operation, row]));
  const served = known.filter((operation) => byName.has(operation)).length;
  const title = `## The ${api} API: ${served} of ${known.length} operations`;
  const paths = `Below \`/customvision/{version}/${api}/\`, where the version is one of ${versions[api].join(', ')}.`;
  const head = '| Operation | Request | Since | Success | State |\n| --- | --- | --- | --- | --- |';
  const lines = known.map((operation) => lineOf(operation, byName.get(operation)));
  return [title, paths, [head, ...lines].join('\n'), ...notesOf(known, byName)];
}

function lineOf(operation: string, row: Row | undefined): string {
  if (!row) return `| ${operation} | | | | not served: 404 with the code NotFound |`;
  const { method, path, since, success } = row;
  return `| ${operation} | ${method} \`${path}\` | ${since} | ${success.join(', ')} | works |`;
}

function notesOf(known: readonly string[], byName: ReadonlyMap<string, Row>): string[] {
  const notes = known.flatMap((operation) => {
    const note = byName.get(operation)?.note;
    return note ? [`- **${operation}**: ${note}`] : [];
  });
  return notes.length > 0 ? ['Choices and differences:', notes.join('\n')] : [];
}
