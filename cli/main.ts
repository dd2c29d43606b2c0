import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { BenchOptions } from '../bench/main.ts';
import { benchNames, type BenchName } from '../bench/names.ts';
import { clientVariables } from '../infra/config.ts';
import { CliError, describeError, exitCodeOf } from './errors.ts';
import type { ImportAzureOptions } from './azure-import/import-azure.ts';
import type { MigrateDataOptions } from './transfer.ts';

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number greater than 0.');
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

async function serveCommand(): Promise<void> {
  const { serveUntilStopped } = await import('./serve.ts');
  await serveUntilStopped(process.env);
}

async function workerCommand(): Promise<void> {
  const { workUntilStopped } = await import('./worker.ts');
  await workUntilStopped(process.env);
}

async function bundleCommand(): Promise<void> {
  const { bundleOrchestrations } = await import('../workers/main.ts');
  const bundle = await bundleOrchestrations();
  if ('code' in bundle) throw new CliError('The bundle could not be written below node_modules/.cache/taglens.');
  console.log(bundle.codePath);
}

interface DemoFlags {
  detection?: boolean;
  coco?: string;
  folder?: string;
  exit?: boolean;
  perTag?: number;
}

async function demoCommand({ detection, coco, folder, exit, perTag }: DemoFlags): Promise<void> {
  if (detection && folder !== undefined && coco === undefined)
    throw new CliError(
      '--folder takes images in one folder per tag; with --detection, give a file of boxes with --coco.',
    );
  const { runDemo } = await import('./demo.ts');
  await runDemo({
    detection: detection ?? false,
    coco: coco ?? null,
    folder: folder ?? null,
    exitWhenDone: exit ?? false,
    perTag: perTag ?? null,
  });
}

async function samplesCommand(folder: string, options: { perTag: number; seed: number; size: number }): Promise<void> {
  const { writeSamples } = await import('../samples/render.ts');
  const count = await writeSamples(folder, options);
  console.log(`Wrote ${count} images and boxes.json to ${folder}`);
}

async function benchCommand(name: BenchName, { smoke = false, ...options }: Partial<BenchOptions>): Promise<void> {
  const { runBench } = await import('../bench/main.ts');
  // Node would end without telling what a benchmark has started.
  process.once('SIGTERM', () => process.exit(143));
  await runBench(name, { smoke, ...options });
}

async function doctorCommand({ json = false }: { json?: boolean }): Promise<void> {
  const { runDoctor } = await import('./doctor.ts');
  await runDoctor(process.env, { json });
}

async function migrateDataCommand(options: MigrateDataOptions): Promise<void> {
  const { migrateData } = await import('./transfer.ts');
  await migrateData(options);
}

async function backupCommand(folder: string): Promise<void> {
  const { backup } = await import('./transfer.ts');
  await backup(process.env, folder);
}

async function restoreCommand(folder: string): Promise<void> {
  const { restore } = await import('./transfer.ts');
  await restore(process.env, folder);
}

async function importAzureCommand(options: ImportAzureOptions): Promise<void> {
  const { importAzure } = await import('./azure-import/import-azure.ts');
  await importAzure(options);
}

async function schemaCommand({ check = false }: { check?: boolean }): Promise<void> {
  const { updateGenerated } = await import('../api/generated.ts');
  const stale = await updateGenerated({ check });
  if (check && stale.length > 0) throw new CliError(`${stale.join(', ')}: out of date; run \`npm run schema\`.`);
  console.log(stale.length > 0 ? `Wrote ${stale.join(', ')}.` : 'All generated files are up to date.');
}

async function settingsCommand(): Promise<void> {
  const { describeSettings } = await import('../infra/config.ts');
  for (const { name, default: value, meaning } of describeSettings())
    console.log(`${name}${value === '' ? '' : ` (${value})`}\n    ${meaning}`);
}

function addDataCommands(program: Command): void {
  program
    .command('demo')
    .description('Serve from a fresh temporary folder, then tag, train, publish and predict through the public API')
    .option('--folder <path>', 'images in one folder per tag, or train/ and test/ folders of such folders')
    .option('--detection', 'detect objects with boxes instead of classifying images')
    .option('--coco <file>', 'boxes in COCO format; the images are next to the file, in images/ or in --folder')
    .option('--exit', 'exit when done instead of continuing to serve')
    .option('--per-tag <n>', 'rendered samples per tag; 30 by default, 12 with --detection', positiveInteger)
    .action(demoCommand);
  program
    .command('samples')
    .description('Render sample images of road signs, with their boxes')
    .argument('<folder>', 'where to write them')
    .option('--per-tag <n>', 'images per tag', positiveInteger, 30)
    .option('--seed <n>', 'the same seed gives the same images', wholeNumber, 1)
    .option('--size <px>', 'side of the images in pixels', positiveInteger, 320)
    .action(samplesCommand);
}

/** A key is better in the environment than on the command line, where every user of the machine can read it. */
function addImportCommands(program: Command): void {
  const required = (flags: string, meaning: string, name: string): Option =>
    new Option(flags, meaning).env(name).makeOptionMandatory();
  program
    .command('import')
    .description('Move projects from another service into a running Taglens server')
    .command('azure')
    .description(
      'Import projects from Azure Custom Vision through its REST API; repeat an interrupted run to continue it',
    )
    .addOption(required('--endpoint <url>', 'endpoint of the training resource', 'VISION_TRAINING_ENDPOINT'))
    .addOption(required('--key <key>', 'key of the training resource', 'VISION_TRAINING_KEY'))
    .option('--project <id or name>', 'one project; by default every project that the key gives access to')
    .addOption(new Option('--to <url>', 'the Taglens server').env(clientVariables.url).default('http://127.0.0.1:4000'))
    .addOption(required('--to-key <key>', 'an API key of the Taglens server that may train', clientVariables.key))
    .option('--report <folder>', 'where to write the report of each project', '.')
    .action(importAzureCommand);
}

function addOperationCommands(program: Command): void {
  program
    .command('doctor')
    .description('Check settings, database, storage, engine and clocks, and say how to fix what is wrong')
    .option('--json', 'print the findings as JSON')
    .action(doctorCommand);
  program
    .command('backup')
    .description('Copy rows and objects of the configured service, even while it is running, into a new folder')
    .argument('<folder>', 'a folder that does not exist yet, or an unfinished backup')
    .action(backupCommand);
  program
    .command('restore')
    .description('Copy a backup into the configured database and storage, which must be empty')
    .argument('<folder>', 'a folder written by `taglens backup`')
    .action(restoreCommand);
  program
    .command('migrate-data')
    .description('Copy rows and objects between any two of data folders and servers; stop the source first')
    .option('--from-data <folder>', 'the source is a data folder')
    .option('--from-env <file>', 'the source is configured by a file of NAME=value settings')
    .option('--to-data <folder>', 'the target is a data folder')
    .option('--to-env <file>', 'the target is configured by a file of NAME=value settings')
    .action(migrateDataCommand);
}

function buildProgram(): Command {
  // exitOverride before the commands: they inherit it, and then report their own misuse as exit code 2.
  const program = new Command('taglens').description('The open, self-hosted custom-vision service').exitOverride();
  program.command('serve').description('Run the server, with training inside it').action(serveCommand);
  program
    .command('worker')
    .description('Run trainings for a Temporal server, separately from the API')
    .action(workerCommand);
  program
    .command('bundle')
    .description('Bundle the orchestrations for Temporal in advance, so that workers start faster')
    .action(bundleCommand);
  program.command('settings').description('List every setting with its default and meaning').action(settingsCommand);
  program
    .command('schema')
    .description(
      'Write the files generated from the code: the GraphQL schema, the OpenAPI document and the compatibility page',
    )
    .option('--check', 'only check whether the files are up to date')
    .action(schemaCommand);
  program
    .command('bench')
    .description('Measure speed or quality, as ratios within one run')
    .addArgument(new Argument('<name>', 'what to measure').choices(benchNames))
    .option('--smoke', 'a short run that only shows that it works')
    .option('--only <text>', 'only the cases whose name contains this text (quality)')
    .option('--runs <count>', 'maximum number of trainings per case, for cases with several', positiveInteger)
    .option(
      '--more',
      'keep the existing runs of a case, made with the same recipe, and measure the missing ones (quality)',
    )
    .action(benchCommand);
  addDataCommands(program);
  addImportCommands(program);
  addOperationCommands(program);
  return program;
}

/** Runs one command; sets the exit code (0 done, 1 failed, 2 misused) rather than cutting output short. */
export async function main(argv: readonly string[]): Promise<void> {
  // `taglens settings | head` closes the pipe early; that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  try {
    await buildProgram().parseAsync([...argv]);
  } catch (error) {
    const message = describeError(error);
    if (message !== null) console.error(message);
    process.exitCode = exitCodeOf(error);
  }
}
