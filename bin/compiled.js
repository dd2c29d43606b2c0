import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The folder that tools keep such things in: made by whoever installed the program, and nobody else may write to it. */
const cacheFolder = join(root, 'node_modules/.cache/taglens');
/** What the result depends on besides the sources. */
const recipeFiles = ['bin/compiled.js', 'package.json', 'tsconfig.json'];
/** Processes that run from an older result import more of it as they need it. */
const keptCount = 20;
const folderKey = 'folder of the compiled program';

/**
 * Imports a module of the program, which Node cannot read as it is: types are taken out and decorators applied. That is done
 * once for all modules and kept under a hash of them, so that a start need not wait for it and nothing is ever out of date.
 * @param {string} path of the source, from the root of the project
 */
export async function importCompiled(path) {
  process.setSourceMapsEnabled(true);
  const folder = await compiledFolder();
  return import(pathToFileURL(join(folder, compiledName(path))).href);
}

/** Threads run what their process runs, whatever became of the sources since it started. */
async function compiledFolder() {
  const known = getEnvironmentData(folderKey);
  if (known) return known;
  const sources = sourceFolders().flatMap(sourcesIn);
  const folder = join(cacheFolder, `program-${hashOf([...sources, ...recipeFiles])}`);
  if (!existsSync(folder)) await compileInto(folder, sources);
  setEnvironmentData(folderKey, folder);
  return folder;
}

/** An image has no tests. */
const sourceFolders = () =>
  JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include.filter((name) => existsSync(join(root, name)));

const sourcesIn = (folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(folder, name));

const compiledName = (path) => path.replace(/\.ts$/, '.mjs');

function hashOf(paths) {
  const hash = createHash('sha256').update(root);
  for (const path of paths) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex').slice(0, 16);
}

async function compileInto(folder, sources) {
  // Two processes may start at once, and neither may read half of it.
  const draft = `${folder}.${randomUUID()}`;
  await makeWritable(draft);
  try {
    await compile(sources, draft);
    await rename(draft, folder);
    await removeOld();
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

async function makeWritable(folder) {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const remedy = 'Run “taglens bundle” once as a user who may write there.';
    throw new Error(`Taglens compiles itself into ${cacheFolder}: ${cause.message}. ${remedy}`, { cause });
  }
}

async function compile(sources, outdir) {
  // Only now: most starts need no compiler.
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: sources,
    outbase: root,
    outdir,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    platform: 'node',
    tsconfig: 'tsconfig.json',
    // Names of classes are those of types in GraphQL and of entities.
    keepNames: true,
    sourcemap: 'linked',
    // Bundles of one module each: this way imports pass through the plugin.
    bundle: true,
    // What fails is thrown, once.
    logLevel: 'silent',
    plugins: [modulesApart],
  });
}

/** Each module stays a file of its own, and finds what lies beside its source. */
const modulesApart = {
  name: 'modules apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) => {
      if (kind === 'entry-point') return undefined;
      return { path: path.startsWith('.') ? compiledName(path) : path, external: true };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { contents: source.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' };
    });
  },
};

async function removeOld() {
  const names = (await readdir(cacheFolder)).filter((name) => name.startsWith('program-'));
  const results = await Promise.all(
    names.map(async (name) => ({ name, madeMs: (await stat(join(cacheFolder, name))).mtimeMs })),
  );
  const old = results.sort((a, b) => b.madeMs - a.madeMs).slice(keptCount);
  await Promise.all(old.map(({ name }) => rm(join(cacheFolder, name), { recursive: true, force: true })));
}
