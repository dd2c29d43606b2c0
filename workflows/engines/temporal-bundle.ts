import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The folder that tools keep such things in: made by whoever installed the program, and nobody else may write to it. */
const cacheFolder = join(root, 'node_modules/.cache/taglens');
/** All that can be in a bundle of ours, beside the folder of its entry. */
const sourceFolders = ['workflows/temporal', 'workflows/orchestrations', 'schema/contracts'];

export interface BundleOptions {
  /** The module whose functions are the workflows. */
  entry: string;
  /** Modules with interceptors that run inside the sandbox. */
  interceptors?: readonly string[];
}

/**
 * The code that runs in Temporal's sandbox, as one file. It is kept under a hash of what it is made of, so that it is made
 * once (when an image is built, say) and can never be out of date.
 */
export async function workflowBundle(options: BundleOptions): Promise<{ codePath: string } | { code: string }> {
  const codePath = join(cacheFolder, `workflows-${await sourceHash(options)}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: options.entry,
    workflowInterceptorModules: [...(options.interceptors ?? [])],
    logger: new DefaultLogger('WARN'),
  });
  return (await store(codePath, code)) ? { codePath } : { code };
}

/** False where nothing may be written: in a container with a read-only file system, for one. */
async function store(codePath: string, code: string): Promise<boolean> {
  try {
    await mkdir(cacheFolder, { recursive: true });
    // Two processes may start at once, and neither may read half a file.
    const draft = `${codePath}.${process.pid}`;
    await writeFile(draft, code);
    await rename(draft, codePath);
    return true;
  } catch {
    return false;
  }
}

async function sourceHash({ entry, interceptors = [] }: BundleOptions): Promise<string> {
  const hash = createHash('sha256');
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  hash.update(JSON.stringify([version, entry, interceptors]));
  const folders = new Set([...sourceFolders.map((folder) => join(root, folder)), dirname(entry)]);
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
    for (const name of names) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
