import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SdkError, type Arguments, type SdkClient } from './client.ts';

const python = fileURLToPath(new URL('../../infra/python.sh', import.meta.url));
const pythonFolder = fileURLToPath(new URL('./python', import.meta.url));

/** Nothing is fetched from the network by a test: CI makes the environment before. */
export const hasPython = spawnSync(python, ['--is-ready', pythonFolder]).status === 0;
if (!hasPython) console.warn(`Without Python’s client: run infra/python.sh --make tests/sdk/python first.`);

/** Runs a script of this folder to its end. */
export async function runPython(script: string, given: readonly string[]): Promise<{ code: number; output: string }> {
  // What the script leaves behind stays out of the project.
  const child = spawn(python, [`${pythonFolder}/${script}`, ...given], { cwd: tmpdir() });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

interface Said {
  answer?: unknown;
  refusal?: { status: number; code: string | null; message: string };
  fault?: string;
}

export async function pythonClient(url: string, key: string): Promise<SdkClient> {
  const child = spawn(python, [`${pythonFolder}/driver.py`, url, key], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done) throw new Error('The driver of Python’s client ended.');
    return JSON.parse(line.value);
  };
  const operations = new Set((await read()) as string[]);
  return {
    name: 'Python 3.1',
    operations,
    call: async <T>(operation: string, given: Arguments = {}) => {
      child.stdin.write(`${JSON.stringify({ operation, given: sendable(given) })}\n`);
      return answerOf((await read()) as Said) as T;
    },
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** Bytes that are an argument are marked; those inside a batch are base64, as on the wire. */
function sendable(given: Arguments): Arguments {
  const marked = Object.entries(given).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? { $bytes: value.toString('base64') } : inBase64(value),
  ]);
  return Object.fromEntries(marked) as Arguments;
}

function inBase64(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(inBase64);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inBase64(part)]));
}

function answerOf({ answer, refusal, fault }: Said): unknown {
  if (refusal) throw new SdkError(refusal.status, refusal.code ?? undefined, refusal.message);
  if (fault) throw new Error(`Python’s client failed: ${fault}`);
  const bytes = (answer as { $bytes?: string } | null)?.$bytes;
  return bytes === undefined ? answer : Buffer.from(bytes, 'base64');
}
