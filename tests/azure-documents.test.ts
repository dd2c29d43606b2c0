import 'reflect-metadata';
import { expect, test } from 'vitest';
import { openApiDocument } from '../api/rest/openapi.ts';
import { azureOperations } from '../api/rest/operations.ts';
import { rows } from '../api/rest/routes.ts';
import { versionsSince, type Api } from '../api/rest/versions.ts';

/** Of the training API, those that Azure's clients of v3.0 do not have. */
const later = [
  'exportProject',
  'getArtifact',
  'getImageCount',
  'getImages',
  'importProject',
  'querySuggestedImageCount',
  'querySuggestedImages',
  'suggestTagsAndRegions',
  'updateImageMetadata',
];

const named = (api: Api) => rows.filter((row) => row.api === api).map(({ operation }) => operation);

test('the table has operations of Azure only, each once', () => {
  for (const api of ['training', 'prediction'] as const) {
    const names = named(api);
    expect(names.filter((name) => !azureOperations[api].includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  }
  expect(azureOperations.training).toHaveLength(52);
  expect(azureOperations.prediction).toHaveLength(8);
});

test('v3.0 lacks what came later, and nothing else', () => {
  const lacking = rows.filter(({ api, since }) => !versionsSince(api, since).includes('v3.0'));
  expect(lacking.map(({ operation }) => operation).sort()).toEqual(
    later.filter((name) => named('training').includes(name)),
  );
});

test('every reference in the OpenAPI document leads to a model, and every operation stands in it', () => {
  const document = openApiDocument(rows);
  const text = JSON.stringify(document);
  const { schemas } = document['components'] as { schemas: Record<string, unknown> };
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference);
  expect(references.length).toBeGreaterThan(rows.length);
  const known = new Set(Object.keys(schemas).map((name) => `#/components/schemas/${name}`));
  expect(references.filter((reference) => !known.has(reference))).toEqual([]);
  const operations = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, operation]) => operation);
  expect(operations.sort()).toEqual(rows.map(({ operation }) => operation).sort());
});

test('ids are GUIDs as Azure has them, whose version may be any', () => {
  const patterns = [...JSON.stringify(openApiDocument(rows)).matchAll(/"format":"uuid","pattern":("[^"]+")/g)];
  expect(new Set(patterns.map(([, pattern]) => pattern)).size).toBe(1);
});
