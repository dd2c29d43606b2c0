import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TaglensClient } from '../../cli/client.ts';
import type { Backend } from '../backends/backend.ts';

export const ownerKey = 'tl_owner_key_of_the_process_tests_123';
const program = fileURLToPath(new URL('../../bin/taglens.js', import.meta.url));

/** A server as users run it, in a process of its own that can be killed. */
export interface ServerProcess {
  child: ChildProcess;
  url: string;
  /** Its log, line by line. */
  lines: string[];
  client: TaglensClient;
  /** Resolves with the exit code, or null when a signal ended it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

export async function startProcess(data: string, settings: Record<string, string> = {}): Promise<ServerProcess> {
  const quick = { TAGLENS_ENGINE_LEASE_MS: '1000', TAGLENS_ENGINE_POLL_MS: '50', TAGLENS_LOG_LEVEL: 'fatal' };
  const own = { TAGLENS_DATA: data, TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: ownerKey };
  const env = { ...process.env, ...quick, ...own, ...settings };
  const child = spawn(process.execPath, [program, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const url = await addressOf(child, lines);
  return {
    child,
    url,
    lines,
    client: new TaglensClient(url, ownerKey),
    end: async (signal) => {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** Another server of an installation; every one started on the same backend shares its data. */
export function startOn({ settings }: Backend, own: Record<string, string> = {}): Promise<ServerProcess> {
  // With servers for everything the folder stays empty.
  return startProcess(settings['TAGLENS_DATA'] ?? tmpdir(), { ...settings, ...own });
}

/** Collects what the server says in `lines`, from which the address is found. */
function addressOf({ stdout }: ChildProcess, lines: string[]): Promise<string> {
  if (!stdout) throw new Error('The server has no output.');
  const reader = createInterface({ input: stdout });
  return new Promise((resolve, reject) => {
    reader.on('line', (line) => {
      lines.push(line);
      const url = /serves at (\S+)/.exec(line)?.[1];
      if (url) resolve(url);
    });
    reader.on('close', () => reject(new Error('The server ended before it served.')));
  });
}
