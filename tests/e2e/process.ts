import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TaglensClient } from '../../cli/client.ts';
import { withoutSettings } from '../../infra/config.ts';
import type { Backend } from '../backends/backend.ts';

export const ownerKey = 'tl_owner_key_of_the_process_tests_123';
const program = fileURLToPath(new URL('../../bin/taglens.js', import.meta.url));

/** The program as users run it, in a process of its own that can be killed. */
export interface ProgramProcess {
  child: ChildProcess;
  /** Its log, line by line. */
  lines: string[];
  /** Resolves with the exit code, or null when a signal ended it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

export interface ServerProcess extends ProgramProcess {
  url: string;
  client: TaglensClient;
}

/** Resolves with what the pattern finds in the first line that has it. */
async function startProgram(
  command: string,
  settings: Record<string, string>,
  ready: RegExp,
): Promise<ProgramProcess & { found: string }> {
  const env = { ...withoutSettings(process.env), TAGLENS_LOG_LEVEL: 'fatal', ...settings };
  const child = spawn(process.execPath, [program, command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const found = await firstMatch(child, lines, ready);
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    const ended = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await ended)[0];
  };
  return { child, lines, found, end };
}

/** An API process, with an embedded engine that notices things quickly. */
export async function startServerProcess(settings: Record<string, string>): Promise<ServerProcess> {
  const quick = { TAGLENS_ENGINE_LEASE_MS: '1000', TAGLENS_ENGINE_POLL_MS: '50' };
  const own = { TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: ownerKey };
  const { found: url, ...program } = await startProgram('serve', { ...quick, ...own, ...settings }, /serves at (\S+)/);
  return { ...program, url, client: new TaglensClient(url, ownerKey) };
}

/** An embedded server on a folder. */
export const startProcess = (data: string, settings: Record<string, string> = {}): Promise<ServerProcess> =>
  startServerProcess({ TAGLENS_DATA: data, ...settings });

/** Another server of an installation; every one started on the same backend shares its data. */
export const startOn = ({ settings }: Backend, own: Record<string, string> = {}): Promise<ServerProcess> =>
  startServerProcess({ ...settings, ...own });

export const startWorkerProcess = (settings: Record<string, string>): Promise<ProgramProcess> =>
  startProgram('worker', settings, /(is running)/);

/** On Temporal, trainings are the work of processes of their own; null where a server does it itself. */
export const startWorkerIfApart = async ({ settings }: Backend): Promise<ProgramProcess | null> =>
  settings['TAGLENS_TEMPORAL_ADDRESS'] === undefined ? null : startWorkerProcess(settings);

/** Collects what the program says in `lines`, from the first to the last. */
function firstMatch({ stdout }: ChildProcess, lines: string[], pattern: RegExp): Promise<string> {
  if (!stdout) throw new Error('The program has no output.');
  const reader = createInterface({ input: stdout });
  return new Promise((resolve, reject) => {
    reader.on('line', (line) => {
      lines.push(line);
      const found = pattern.exec(line)?.[1];
      if (found) resolve(found);
    });
    reader.on('close', () => reject(new Error('The program ended before it was ready.')));
  });
}

/** The most memory that the process ever had. */
export async function peakBytesOf({ child }: ProgramProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
