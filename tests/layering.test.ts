import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** One row of the table: which files, what they may import, and what to do instead of importing something else. */
interface Layer {
  /** `*` stands for anything inside one folder, `**` for anything below; `{x}` is one folder's name, the same in both. */
  files: string;
  may: readonly string[];
  instead: string;
}

const packages = (names: string) => names.split(' ').map((name) => `package:${name}`);
const anyPackage = 'package:**';
/** What the API is built with. */
const apiPackages = [
  ...packages(
    '@apollo/server @as-integrations/fastify @fastify/cors @fastify/multipart fastify graphql graphql-query-complexity',
  ),
  ...packages('dataloader graphql-scalars graphql-ws ipaddr.js prom-client reflect-metadata type-graphql typeorm ws'),
];
/** What the layer of Azure's API decodes with. */
const restPackages = [...packages('@fastify/multipart @streamparser/json fastify zod'), 'node:stream'];
/** What services answer, as types. */
const outputTypes = [
  'api/features/*/*.output.ts',
  'api/features/prediction/prediction-query.ts',
  'api/features/tags/snapshot-tags.ts',
];
/** What infra may talk to the outside world with. */
const vendorPackages = [
  ...packages('ipaddr.js libsql mysql2 pino prom-client typeorm undici zod'),
  ...packages('@opentelemetry/api @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources'),
  ...packages('@opentelemetry/sdk-trace-base @opentelemetry/sdk-trace-node'),
  ...packages('@aws-sdk/client-s3 @aws-sdk/lib-storage @aws-sdk/s3-request-presigner'),
];
const enginePackages = packages(
  'typeorm @temporalio/activity @temporalio/client @temporalio/common @temporalio/worker @temporalio/interceptors-opentelemetry',
);
const portsAndSchema = ['infra/**', 'schema/**', 'workflows/engines/engine.ts', 'node:**'];
/** What all of the API stands on. */
const apiGround = ['api/*.ts', 'api/access/*.ts', 'api/upkeep/*.ts'];
/** What one feature shows to another: services, input types, and files that only state the rules of a subject. */
const featureFaces = [
  'api/features/*/*.service.ts',
  'api/features/*/*.input.ts',
  'api/features/domains/domains.ts',
  'api/features/exports/platforms.ts',
  'api/features/exports/stale-exports.ts',
  'api/features/images/image-source.ts',
  'api/features/prediction/predictor.ts',
  'api/features/prediction/stored-results.ts',
  'api/features/regions/drawing.ts',
  'api/features/tags/tagging.ts',
];

/** Which folder may import what. The first row that matches a file holds for it, so the narrower row stands first. */
const layers: readonly Layer[] = [
  {
    files: 'schema/contracts/**',
    may: ['schema/contracts/**'],
    instead: 'state its shape as plain JSON',
  },
  {
    files: 'schema/entities/**',
    may: ['schema/entities/**', 'schema/enums.ts', ...packages('typeorm type-graphql')],
    instead: 'put what is computed into a service and what is looked up into a field resolver',
  },
  { files: 'schema/enums.ts', may: ['package:type-graphql'], instead: 'keep enumerations free of everything else' },
  { files: 'schema/id.ts', may: ['node:crypto'], instead: 'pass in what an id needs' },
  {
    files: 'migrations/**',
    may: ['migrations/**', 'package:typeorm'],
    instead: 'write the names and values out: a migration must not change when the code does',
  },
  {
    files: 'infra/**',
    may: ['infra/**', 'schema/**', 'node:**', ...vendorPackages],
    instead: 'take it as a parameter, or list a new vendor package in this table',
  },
  {
    files: 'workflows/orchestrations/**',
    may: ['workflows/orchestrations/**', 'schema/contracts/**'],
    instead: 'make it an activity: an orchestration is replayed and must be pure',
  },
  {
    files: 'workflows/temporal/**',
    may: [
      'workflows/temporal/**',
      'workflows/orchestrations/**',
      'schema/contracts/**',
      'package:@temporalio/workflow',
    ],
    instead: 'keep it out of the sandbox: make it an activity',
  },
  {
    files: 'workflows/engines/**',
    may: ['workflows/engines/**', 'infra/**', 'schema/**', 'node:**', ...enginePackages],
    instead: 'take orchestrations and activities as parameters: an engine only schedules and remembers',
  },
  {
    files: 'workers/ml/trainer/**',
    may: [
      'workers/ml/trainer/**',
      'workers/ml/session.ts',
      'workers/ml/tensor-file.ts',
      'node:**',
      ...packages('onnxruntime-node piscina protobufjs'),
    ],
    instead: 'keep the trainer free of what is trained: take networks, weights and tensors as parameters',
  },
  {
    files: 'workers/ml/**',
    may: ['workers/ml/**', 'node:**', ...packages('onnxruntime-node sharp bmp-ts fflate')],
    instead: 'take bytes or values as parameters and let an activity fetch and store them',
  },
  {
    files: 'workers/activities/**',
    may: ['workers/activities/**', 'workers/ml/**', 'infra/**', 'schema/**', 'node:**', 'package:typeorm'],
    instead: 'add it to the dependencies that createActivities takes',
  },
  {
    files: 'workers/*.ts',
    may: ['workers/**', 'workflows/**', 'infra/**', 'schema/**', 'node:**', anyPackage],
    instead: 'give it to the worker when it starts',
  },
  {
    files: 'api/features/{x}/**',
    may: ['api/features/{x}/**', ...apiGround, ...featureFaces, ...portsAndSchema, 'workers/ml/**', ...apiPackages],
    instead: 'go through the service of the other feature, or take a port in the constructor',
  },
  {
    files: 'api/rest/**',
    may: [
      'api/rest/**',
      ...apiGround,
      'schema/**',
      'infra/config.ts',
      'infra/logger.ts',
      ...restPackages,
      ...featureFaces,
      ...outputTypes,
    ],
    instead: 'call a service: a row only translates',
  },
  {
    files: 'api/main.ts',
    may: ['api/**', 'infra/**', 'migrations/**', 'schema/**', 'workers/**', 'workflows/**', 'node:**', anyPackage],
    instead: 'keep the composition root free of commands and tests',
  },
  {
    files: 'api/*.ts',
    may: ['api/**', ...portsAndSchema, ...apiPackages],
    instead: 'wire it in api/main.ts and take it as a parameter',
  },
  {
    files: 'api/{x}/*.ts',
    may: ['api/{x}/*.ts', ...apiGround, 'api/features/**', 'api/rest/**', ...portsAndSchema, ...apiPackages],
    instead: 'wire it in api/main.ts and take it as a parameter',
  },
  {
    files: 'operations/**',
    may: [
      ...['operations/**', 'infra/**', 'migrations/**', 'schema/**', 'node:**', 'package:typeorm'],
      'workers/ml/backbones/registry.ts',
      'workflows/engines/temporal-inspection.ts',
    ],
    instead: 'look at what the service rests on only: an operation runs beside it, also when it cannot start',
  },
  {
    files: 'samples/**',
    may: ['samples/**', 'workers/ml/random.ts', 'node:**', 'package:sharp'],
    instead: 'keep the samples self-contained',
  },
  {
    files: 'cli/**',
    may: [
      'cli/**',
      'bench/names.ts',
      'bench/main.ts',
      'samples/**',
      'api/main.ts',
      'api/generated.ts',
      'workers/main.ts',
      'infra/config.ts',
      'operations/place.ts',
      'operations/transfer/transfer.ts',
      'operations/doctor/doctor.ts',
      'node:**',
      ...packages('commander cli-progress graphql-ws sharp ws'),
    ],
    instead: 'ask the public API over HTTP, as any client does',
  },
  { files: 'bench/**', may: ['**'], instead: '' },
  { files: 'tests/**', may: ['**'], instead: '' },
  { files: '*.ts', may: ['node:**', anyPackage], instead: 'keep settings of tools free of the program' },
];

const forbiddenFolders = new Set(['utils', 'common', 'shared', 'helpers', 'core', 'types', 'interfaces']);
/** The command line hands the environment on; nothing else touches it. Tests and benchmarks start programs with their own. */
const mayTouchEnvironment = ['infra/config.ts', 'cli/main.ts', 'cli/demo.ts', 'tests/**', 'bench/**'];
/** An orchestration that runs again after a crash must come by the same values. */
const impureNames = new Set(['Date', 'Math.random', 'crypto', 'fetch', 'performance', 'process', 'setTimeout']);

const root = fileURLToPath(new URL('..', import.meta.url));
const skipped = /(^|\/)(node_modules|coverage|\.[^/]*)(\/|$)/;
const entries = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll(sep, '/'))
  .filter((path) => !skipped.test(path));
const sources = new Map(
  entries.filter((path) => path.endsWith('.ts')).map((path) => [path, parse(path, readFileSync(root + path, 'utf8'))]),
);

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

/** `matches('api/features/{x}/**', …)` also gives what stood for {x}. */
function matches(pattern: string, path: string): RegExpMatchArray | null {
  const source = pattern
    .replace(/[.\\+?^$()|[\]]/g, '\\$&')
    .replaceAll('{x}', '(?<x>[^/]+)')
    .replace(/\*\*|\*/g, (stars) => (stars === '**' ? '.*' : '[^/]*'));
  return path.match(new RegExp(`^${source}$`));
}

/** The text of an import, export from, import() or type import; undefined for any other node. */
function specifierOf(node: ts.Node): string | undefined {
  let target: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) target = node.moduleSpecifier;
  else if (ts.isExternalModuleReference(node)) target = node.expression;
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) target = node.argument.literal;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    target = node.arguments[0];
  return target && ts.isStringLiteralLike(target) ? target.text : undefined;
}

/** Everything a file imports: own files by their path, built-ins as `node:fs`, packages as `package:name`. */
function importsOf(source: ts.SourceFile): string[] {
  return [...nodesOf(source)].flatMap((node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return [];
    if (specifier.startsWith('.')) return [posix.join(posix.dirname(source.fileName), specifier)];
    if (isBuiltin(specifier)) return [`node:${specifier.replace('node:', '')}`];
    return [`package:${specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')}`];
  });
}

function violationsOf(source: ts.SourceFile): string[] {
  const path = source.fileName;
  const layer = layers.find(({ files }) => matches(files, path));
  if (!layer) return [`${path} belongs to no layer; give it a row in tests/layering.test.ts.`];
  const own = matches(layer.files, path)?.groups?.['x'] ?? '';
  const may = layer.may.map((pattern) => pattern.replace('{x}', own));
  return importsOf(source)
    .filter((target) => !may.some((pattern) => matches(pattern, target)))
    .map((target) => `${path} may not import ${target.replace('package:', '')}; instead, ${layer.instead}.`);
}

/** Names as they are written, such as `process.env`, with those that only stand inside strings left out. */
function namesIn(source: ts.SourceFile): string[] {
  const isName = (node: ts.Node) => ts.isIdentifier(node) || ts.isPropertyAccessExpression(node);
  return [...nodesOf(source)].filter(isName).map((node) => node.getText());
}

function touchesEnvironment(source: ts.SourceFile): boolean {
  return namesIn(source).includes('process.env') || importsOf(source).includes('node:process');
}

test('every file imports only what its layer may', () => {
  expect(sources.size).toBeGreaterThan(50);
  expect([...sources.values()].flatMap(violationsOf)).toEqual([]);
});

describe('the table catches', () => {
  const cases: [path: string, text: string, target: string][] = [
    ['workers/ml/x.ts', "import { openDatabase } from '../../infra/database/open.ts';", 'infra/database/open.ts'],
    ['schema/contracts/x.ts', "export * from '../enums.ts';", 'schema/enums.ts'],
    ['workflows/orchestrations/x.ts', "import type { Stats } from 'fs';", 'node:fs'],
    [
      'api/features/tags/x.ts',
      "const s = await import('../images/image-files.ts');",
      'api/features/images/image-files.ts',
    ],
    ['api/features/tags/x.ts', "import '../../../workflows/engines/embedded.ts';", 'workflows/engines/embedded.ts'],
    ['infra/x.ts', "type S = import('@apollo/server/plugin').S;", '@apollo/server'],
    ['cli/x.ts', "import db = require('../infra/database/database.ts');", 'infra/database/database.ts'],
  ];
  test.each(cases)('%s with %s', (path, text, target) => {
    expect(violationsOf(parse(path, text))).toEqual([expect.stringContaining(`${path} may not import ${target}; `)]);
  });

  test('a file that belongs nowhere', () => {
    expect(violationsOf(parse('lib/x.ts', ''))).toEqual([expect.stringContaining('belongs to no layer')]);
  });
});

test('no folder has a name that says nothing', () => {
  const folders = new Set(entries.flatMap((path) => posix.dirname(path).split('/')));
  expect([...folders].filter((name) => forbiddenFolders.has(name))).toEqual([]);
});

test('the environment is read in one place', () => {
  const found = [...sources.values()].filter(touchesEnvironment).map(({ fileName }) => fileName);
  expect(found.filter((path) => !mayTouchEnvironment.some((pattern) => matches(pattern, path)))).toEqual([]);
  expect(touchesEnvironment(parse('x.ts', 'const a = process.env.HOME; // or env'))).toBe(true);
  expect(touchesEnvironment(parse('x.ts', "// process.env\nconst a = 'process.env';"))).toBe(false);
});

test('orchestrations use no clock, no randomness and nothing of the outside', () => {
  const orchestrations = [...sources.values()].filter(({ fileName }) =>
    fileName.startsWith('workflows/orchestrations/'),
  );
  expect(orchestrations.length).toBeGreaterThan(0);
  expect(orchestrations.flatMap(namesIn).filter((name) => impureNames.has(name))).toEqual([]);
});

test('every package that the program imports is declared as a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { dependencies: object };
  const program = [...sources.values()].filter(({ fileName }) => !/^(tests|bench)\/|^[^/]+$/.test(fileName));
  const packages = new Set(program.flatMap(importsOf).filter((target) => target.startsWith('package:')));
  expect([...packages].map((name) => name.slice(8)).filter((name) => !(name in dependencies))).toEqual([]);
});
