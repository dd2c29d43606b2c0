import type { FastifyRequest } from 'fastify';
import { may, type Caller } from '../../access/access.ts';
import type { Authenticator } from '../../access/authentication.ts';
import { DomainError } from '../../errors.ts';
import type { Api } from '../versions.ts';

type Headers = FastifyRequest['headers'];

/** In the order in which they are looked for; `Authorization: Bearer` and `X-Api-Key` work as everywhere. */
const headerNames = ['training-key', 'prediction-key', 'ocp-apim-subscription-key'] as const;
/** Looked for last, in any letter case: Azure's gateway takes keys there too. No log has the query of an address. */
const queryNames: readonly string[] = [...headerNames, 'subscription-key'];
const ownHeader: Record<Api, string> = { training: 'Training-Key', prediction: 'Prediction-Key' };

/**
 * Azure has two kinds of keys, and the wrong one is the most reported mistake, so that the refusal says which one is expected.
 * @throws DomainError UNAUTHENTICATED
 */
export async function azureCaller(
  authenticator: Authenticator,
  api: Api,
  { headers, query, ip }: FastifyRequest,
): Promise<Caller> {
  const key = keyIn(headers) ?? (hasUsualKey(headers) ? undefined : keyInQuery(query));
  const own = key === undefined ? headers : { ...headers, authorization: undefined, 'x-api-key': key };
  const caller = await authenticator.authenticate({ headers: own, remoteAddress: ip }).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code !== 'UNAUTHENTICATED') throw error;
    throw denied(api, key === undefined ? 'No API key was sent' : 'This key is unknown or was revoked');
  });
  if (!may(caller, api === 'training' ? 'read' : 'predict'))
    throw denied(api, `This key has the role ${caller.role}, which may not use the ${api} API`);
  return caller;
}

function keyIn(headers: Headers): string | undefined {
  return headerNames.map((name) => headers[name]).find(isGiven);
}

const hasUsualKey = ({ authorization, 'x-api-key': plain }: Headers): boolean => [authorization, plain].some(isGiven);

function keyInQuery(query: unknown): string | undefined {
  const given = Object.entries(query as Record<string, string | string[]>);
  const values = given.filter(([name]) => queryNames.includes(name.toLowerCase())).flatMap(([, value]) => value);
  return values.find(isGiven);
}

const isGiven = (value: unknown): value is string => typeof value === 'string' && value !== '';

function denied(api: Api, why: string): DomainError {
  const role =
    api === 'training' ? 'OWNER, TRAINER, LABELER, DEPLOYER or READER' : 'PREDICTOR, DEPLOYER, TRAINER or OWNER';
  const message = `Access denied. ${why}: send the header ${ownHeader[api]} with an API key that has the role ${role}.`;
  return new DomainError('UNAUTHENTICATED', message);
}
