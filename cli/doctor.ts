import { examine, isFailed, type NamedFinding } from '../operations/doctor/doctor.ts';
import { CliError } from './errors.ts';

const words = { ok: 'ok', warning: 'warning', failed: 'FAILED' } as const;
const marks = { ok: '\u001b[32m✔\u001b[0m', warning: '\u001b[33m!\u001b[0m', failed: '\u001b[31m✘\u001b[0m' } as const;

/** @throws CliError when something must be fixed */
export async function runDoctor(env: NodeJS.ProcessEnv, { json }: { json: boolean }): Promise<void> {
  const findings = await examine(env);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else for (const finding of findings) console.log(formatFinding(finding, process.stdout.isTTY));
  const failures = findings.filter(isFailed).length;
  if (failures > 0) throw new CliError(`${failures} of ${findings.length} checks failed.`);
}

/** One line, and a second one that says what to do. */
export function formatFinding(finding: NamedFinding, isTerminal: boolean): string {
  const mark = isTerminal ? marks[finding.status] : words[finding.status].padEnd(7);
  const line = `${mark} ${finding.name}: ${finding.message}`;
  return finding.status === 'ok' ? line : `${line}\n${isTerminal ? ' ' : ' '.repeat(7)} → ${finding.remedy}`;
}
