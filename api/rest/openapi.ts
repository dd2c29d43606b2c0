import { z } from 'zod';
import type { Row } from './row.ts';
import { versions } from './versions.ts';
import { unwrapped } from './wire/fit.ts';
import { errorModel } from './wire/models.ts';

type Json = Record<string, unknown>;

/** Statuses that a refusal can have: `wire/errors.ts` gives all of them but 404 of an unknown path. */
const refusals: Record<number, string> = {
  400: 'The request is invalid; see the code.',
  401: 'The API key is missing, unknown, or of the wrong kind.',
  403: 'The role of the key does not allow it.',
  404: 'Not found.',
  413: 'The body is too large.',
  429: 'Too many requests; Retry-After says when to try again.',
  503: 'The database, the storage or the training engine is currently unavailable.',
};

const answers: Record<number, string> = {
  200: 'Done.',
  202: 'Accepted.',
  204: 'Done; no body.',
  207: 'Partly done: see the result of each entry.',
};

/** The document of the newest version of both APIs; every other version differs as `x-since` says. */
export function openApiDocument(rows: readonly Row[]): Json {
  const { schemaOf, components } = schemasOf(rows);
  const paths: Record<string, Json> = {};
  for (const row of rows) {
    const path = (paths[addressOf(row)] ??= {});
    path[row.method.toLowerCase()] = operationOf(row, schemaOf);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Taglens in the wire format of Azure Custom Vision',
      version: versions.training.at(-1),
      description: 'Paths, property names and enumeration values are not case-sensitive.',
    },
    security: Object.keys(securitySchemes).map((name) => ({ [name]: [] })),
    paths,
    components: { schemas: components, securitySchemes },
  };
}

function addressOf({ api, path }: Row): string {
  return `/customvision/${versions[api].at(-1) ?? ''}/${api}/${path}`;
}

const header = (name: string): Json => ({ type: 'apiKey', in: 'header', name });

const securitySchemes: Record<string, Json> = {
  trainingKey: header('Training-Key'),
  predictionKey: header('Prediction-Key'),
  subscriptionKey: header('Ocp-Apim-Subscription-Key'),
  apiKey: header('X-Api-Key'),
  bearer: { type: 'http', scheme: 'bearer' },
};

type SchemaOf = (use: string) => Json;

/** All schemas at once, so that a model stands once among the components, however many rows use it. */
function schemasOf(rows: readonly Row[]): { schemaOf: SchemaOf; components: Record<string, Json> } {
  const uses: Record<string, z.ZodType> = { error: errorModel };
  for (const { operation, query, body, answer } of rows) {
    for (const [name, schema] of Object.entries<z.ZodType>(query.shape)) uses[`${operation} ${name}`] = schema;
    if ('schema' in body) uses[`${operation} body`] = body.schema;
    if (answer instanceof z.ZodType) uses[`${operation} answer`] = answer;
  }
  const all = z.toJSONSchema(z.object(uses), { io: 'input', unrepresentable: 'any' });
  const text = JSON.stringify(all).replaceAll('#/$defs/', '#/components/schemas/');
  const { properties, $defs } = JSON.parse(text) as Record<'properties' | '$defs', Record<string, Json>>;
  for (const model of Object.values($defs)) delete model['id'];
  const schemaOf = (use: string): Json => {
    const schema = properties[use];
    if (!schema) throw new Error(`There is no schema for ${use}.`);
    return schema;
  };
  return { schemaOf, components: $defs };
}

function operationOf(row: Row, schemaOf: SchemaOf): Json {
  const { operation, api, summary, note, since, body } = row;
  return {
    operationId: operation,
    tags: [api],
    summary,
    ...(note === null ? {} : { description: note }),
    'x-since': since,
    parameters: [...pathParameters(row), ...queryParameters(row, schemaOf)],
    ...(body.kind === 'none' ? {} : { requestBody: requestBody(row, schemaOf) }),
    responses: { ...successes(row, schemaOf), ...failures(schemaOf) },
  };
}

function pathParameters({ path }: Row): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: name.endsWith('Id') ? { type: 'string', format: 'uuid' } : { type: 'string', minLength: 1 },
  }));
}

function queryParameters({ operation, query }: Row, schemaOf: SchemaOf): Json[] {
  return Object.entries<z.ZodType>(query.shape).map(([name, schema]) => {
    const { inner, isOptional } = unwrapped(schema);
    // One parameter joined by commas, which is not what OpenAPI takes for granted.
    const joined = inner instanceof z.ZodArray ? { style: 'form', explode: false } : {};
    return { name, in: 'query', required: !isOptional, ...joined, schema: schemaOf(`${operation} ${name}`) };
  });
}

const bytes = { type: 'string', format: 'binary' };

function requestBody({ operation, body }: Row, schemaOf: SchemaOf): Json {
  if ('schema' in body) {
    const isRequired = body.kind === 'stream' || !body.isOptional;
    return { required: isRequired, content: { 'application/json': { schema: schemaOf(`${operation} body`) } } };
  }
  const part = { type: 'object', properties: { imageData: bytes }, required: ['imageData'] };
  return {
    required: true,
    content: { 'multipart/form-data': { schema: part }, 'application/octet-stream': { schema: bytes } },
  };
}

function successes({ operation, success, answer }: Row, schemaOf: SchemaOf): Record<number, Json> {
  return Object.fromEntries(
    success.map((status) => [
      status,
      { description: answers[status] ?? 'Done.', ...contentOf(operation, answer, schemaOf) },
    ]),
  );
}

function contentOf(operation: string, answer: Row['answer'], schemaOf: SchemaOf): Json {
  if (answer === null) return {};
  if (answer === 'binary') return { content: { 'application/octet-stream': { schema: bytes } } };
  return { content: { 'application/json': { schema: schemaOf(`${operation} answer`) } } };
}

function failures(schemaOf: SchemaOf): Record<string, Json> {
  const content = { 'application/json': { schema: schemaOf('error') } };
  return Object.fromEntries(
    Object.entries(refusals).map(([status, description]) => [status, { description, content }]),
  );
}
