/** What a check found. Everything but «ok» says what to do about it. */
export type Finding =
  { status: 'ok'; message: string } | { status: 'warning' | 'failed'; message: string; remedy: string };

/** One thing to look at, with what it needs to do so. A check that throws has failed. */
export interface Check<T> {
  name: string;
  run: (subject: T) => Promise<Finding> | Finding;
}

export type NamedFinding = Finding & { name: string };

/** Something that does not answer must not hold up the report. */
const checkTimeoutMs = 15_000;

export const ok = (message: string): Finding => ({ status: 'ok', message });
export const warning = (message: string, remedy: string): Finding => ({ status: 'warning', message, remedy });
export const failed = (message: string, remedy: string): Finding => ({ status: 'failed', message, remedy });

/** One after the other, so that the report does not depend on which is faster. */
export async function runChecks<T>(checks: readonly Check<T>[], subject: T): Promise<NamedFinding[]> {
  const findings: NamedFinding[] = [];
  for (const { name, run } of checks) findings.push({ name, ...(await settle(() => Promise.resolve(run(subject)))) });
  return findings;
}

/** Runs something that must succeed before the checks of a part make sense. */
export async function settle(work: () => Promise<Finding>, remedy = adviceFor): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const error = new Error(`there was no answer within ${checkTimeoutMs / 1000} s`);
    timer = setTimeout(() => reject(error), checkTimeoutMs);
  });
  try {
    return await Promise.race([work(), timeout]);
  } catch (error) {
    return failed(messageOf(error), remedy(error));
  } finally {
    clearTimeout(timer);
  }
}

/** A connection that fails to several addresses at once has its reasons inside. */
function messageOf(error: unknown): string {
  const { message, errors } = error as { message?: string; errors?: { message: string }[] };
  return [message, ...(errors ?? []).map((inner) => inner.message)].filter(Boolean).join('; ') || String(error);
}

const advice: Record<string, string> = {
  ECONNREFUSED: 'Start that server, or correct its address in the settings.',
  ENOTFOUND: 'Correct the host name in the settings, or fix the name resolution of this machine.',
  ETIMEDOUT: 'Check address, network and firewall between this machine and the server.',
  EACCES: 'Allow the user of this process to read and write there.',
  EPERM: 'Allow the user of this process to read and write there.',
  EROFS: 'Mount it for writing, or set TAGLENS_DATA to another folder.',
  ENOTDIR: 'Part of the path is a file; set TAGLENS_DATA to another folder.',
  ENOSPC: 'Free up disk space.',
  ER_ACCESS_DENIED_ERROR: 'Correct user and password in TAGLENS_DATABASE_URL.',
  ER_DBACCESS_DENIED_ERROR: 'Grant the user of TAGLENS_DATABASE_URL all rights on the database.',
  ER_BAD_DB_ERROR: 'Create the database, or correct its name in TAGLENS_DATABASE_URL.',
};

function adviceFor(error: unknown): string {
  const { code, errors } = error as { code?: string; errors?: { code?: string }[] };
  const known = [code, ...(errors ?? []).map((inner) => inner.code)].find((name) => name && name in advice);
  return (known && advice[known]) || 'Fix what the message says, then run this again.';
}
