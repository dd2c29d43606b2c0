import { DomainError } from '../../errors.ts';

export const copyPath = (projectId: string): string => `/v1/copies/${projectId}`;

/** What a token says: where the project can be read. */
export interface CopyAddress {
  url: string;
  projectId: string;
  query: { expires: string; signature: string };
}

/** The signed address itself, in letters that need no escaping anywhere. */
export const tokenOf = (url: string): string => Buffer.from(url).toString('base64url');

/** @throws DomainError for what is no token */
export function readToken(token: string): CopyAddress {
  const url = Buffer.from(token, 'base64url').toString('utf8');
  if (token.length > 4000 || !URL.canParse(url)) throw refused();
  const { pathname, searchParams } = new URL(url);
  const projectId = /\/v1\/copies\/([0-9a-f-]{36})$/.exec(pathname)?.[1];
  const [expires, signature] = [searchParams.get('expires'), searchParams.get('signature')];
  if (projectId === undefined || expires === null || signature === null) throw refused();
  if (Number(expires) < Date.now()) throw refused(`The token expired at ${expiry(expires)}; create a new one.`);
  return { url, projectId, query: { expires, signature } };
}

const expiry = (expires: string): string => new Date(Number(expires)).toISOString();

const refused = (message = 'The token was not issued by createCopyToken or exportProject.'): DomainError =>
  new DomainError('INVALID', `token: ${message}`, { field: 'token' });
