import type { Config } from '../infra/config.ts';

/** The server cannot start where its settings say; the message names them and what to do. */
class StartError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StartError';
  }
}

/** Why nothing can be listened on. */
export function listenError(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  if (code !== 'EADDRINUSE') {
    const message = `Taglens cannot listen on ${host}:${port} (${code}). Correct TAGLENS_HOST and TAGLENS_PORT.`;
    return new StartError(message, error);
  }
  const remedy = 'Stop that program, or set TAGLENS_PORT to another port (0 takes a free one).';
  return new StartError(`Another program is listening on ${host}:${port}. ${remedy}`, error);
}

/** Why the data folder cannot be opened; what a server of MySQL answers stays as it is. */
export function dataError(error: unknown, { database }: Pick<Config, 'database'>): unknown {
  const code = systemCode(error);
  if (code === undefined || database.kind !== 'sqlite') return error;
  const reason = ['EEXIST', 'ENOTDIR'].includes(code) ? 'a file is in its place or in its path' : code;
  const message = `TAGLENS_DATA names ${JSON.stringify(database.folder)}, which cannot be used as a folder (${reason}).`;
  return new StartError(
    `${message} Choose another folder or correct this one; \`taglens doctor\` tells you more.`,
    error,
  );
}

/** The error code of a failed system call; undefined for other errors. */
function systemCode(error: unknown): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? undefined : code;
}
