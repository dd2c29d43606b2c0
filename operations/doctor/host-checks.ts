import { createHash } from 'node:crypto';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../infra/config.ts';
import { backbones } from '../../workers/ml/backbones/registry.ts';
import { failed, ok, warning, type Check, type Finding } from './check.ts';

const gigabyte = 1024 ** 3;
const freeBytes = { failed: gigabyte / 10, warning: gigabyte };
/** As in package.json. */
const nodeVersions: Record<number, number> = { 20: 19, 22: 13, 24: 11 };

/** This machine: the program's own files, the folder of its data, its port. */
export const hostChecks: readonly Check<Config>[] = [
  { name: 'Node version', run: () => checkNode(process.versions.node) },
  { name: 'backbones', run: checkBackbones },
  { name: 'data folder', run: checkFolder },
  { name: 'free disk', run: checkDisk },
  { name: 'port', run: checkPort },
];

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isFit = major > 24 || minor >= (nodeVersions[major] ?? Infinity);
  return isFit
    ? ok(version)
    : failed(`${version} is not supported`, 'Install Node 20.19 or newer, 22.13 or newer, or 24.11 or newer.');
}

async function checkBackbones(): Promise<Finding> {
  const damaged: string[] = [];
  for (const { file, sha256 } of Object.values(backbones)) {
    const bytes = await readFile(new URL(`../../workers/ml/backbones/${file}`, import.meta.url));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) damaged.push(file);
  }
  return damaged.length === 0
    ? ok(`${Object.keys(backbones).length} files with the expected SHA-256`)
    : failed(`${damaged.join(', ')} damaged`, 'Reinstall the program; trainings and predictions need these files.');
}

async function checkFolder({ database, storage }: Config): Promise<Finding> {
  const folders = foldersOf({ database, storage });
  if (folders.length === 0) return ok('not used: rows and objects are on servers');
  // With the dot a file in its place is told as one, and not as a folder that may not be entered.
  for (const folder of folders)
    await access(`${await nearest(folder)}/.`, constants.R_OK | constants.W_OK | constants.X_OK);
  return ok(`${folders.join(', ')} can be written to`);
}

async function checkDisk({ database, storage }: Config): Promise<Finding> {
  const [folder] = foldersOf({ database, storage });
  if (folder === undefined) return ok('not used: rows and objects are on servers');
  const { bavail, bsize } = await statfs(await nearest(folder));
  const free = bavail * bsize;
  const message = `${(free / gigabyte).toFixed(1)} GB free`;
  const remedy = `Free up space on the disk of ${folder}: uploads and trainings fail when it is full.`;
  if (free < freeBytes.failed) return failed(message, remedy);
  return free < freeBytes.warning ? warning(message, remedy) : ok(message);
}

const foldersOf = ({ database, storage }: Pick<Config, 'database' | 'storage'>): string[] => [
  ...(database.kind === 'sqlite' ? [resolve(database.folder)] : []),
  ...(storage.kind === 'disk' ? [resolve(storage.folder)] : []),
];

/** The folder itself, or the one in which it would be made. @throws where a file stands in the way */
async function nearest(folder: string): Promise<string> {
  try {
    await access(folder);
    return folder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error;
    return nearest(dirname(folder));
  }
}

async function checkPort({ host, port }: Config): Promise<Finding> {
  if (port === 0) return ok('any free one');
  const code = await listenOnce(host, port);
  if (code === null) return ok(`${host}:${port} is free`);
  if (code !== 'EADDRINUSE')
    return failed(`cannot listen on ${host}:${port} (${code})`, 'Correct TAGLENS_HOST and TAGLENS_PORT.');
  const isOurs = await isTaglens(host, port);
  if (isOurs) return ok(`a Taglens server answers on ${host}:${port}`);
  return failed(`another program is listening on ${host}:${port}`, 'Stop that program, or set TAGLENS_PORT.');
}

/** The error code; null when it worked. */
function listenOnce(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}

async function isTaglens(host: string, port: number): Promise<boolean> {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
  try {
    const response = await fetch(`http://${name.includes(':') ? `[${name}]` : name}:${port}/healthz`, {
      signal: AbortSignal.timeout(3000),
    });
    return ((await response.json()) as { status?: string }).status === 'ok';
  } catch {
    return false;
  }
}
