import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Limits } from '../../infra/config.ts';
import type { Logger } from '../../infra/logger.ts';
import type { Caller } from '../access/access.ts';
import type { Authenticator } from '../access/authentication.ts';
import { callerHook, type CallerHook } from '../access/caller-hook.ts';
import type { Context } from '../context.ts';
import { DomainError, masked, refusalOf, retryHeader } from '../errors.ts';
import type { RateLimit } from '../access/rate-limit.ts';
import { Answer, type Row } from './row.ts';
import { versionsSince, type Api, type Version } from './versions.ts';
import { azureCaller } from './wire/credentials.ts';
import { azureError, type AzureError } from './wire/errors.ts';
import { fit, fitText, parsed } from './wire/fit.ts';
import { mostInBatch } from './wire/image-models.ts';
import { pictureOf, picturesOf, readAll } from './wire/pictures.ts';

export interface FrameDeps {
  contextFor: (caller: Caller) => Context;
  authenticator: Authenticator;
  requestLimit: RateLimit;
  limits: Limits;
  logger: Logger;
  rows: readonly Row[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation of a route of this layer, for its error messages. */
    azure?: Row;
  }
}

/** Maximum size of a body that is read as a whole. */
const jsonBytes = 32 * 1024 * 1024;

/** Azure Custom Vision's API at the root of the origin, since its clients drop whatever path stands before it. */
export async function serveAzure(app: FastifyInstance, deps: FrameDeps): Promise<void> {
  await app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      await scope.register(multipart);
      // Whatever a body says that it is, the row knows what it must be.
      scope.addContentTypeParser('*', (_request, body, done) => done(null, body));
      scope.setErrorHandler((error, request, reply) => refuse(reply, refusal(error, request, deps)));
      scope.setNotFoundHandler((request, reply) => refuse(reply, unknownPath(request)));
      const hookOf = (api: Api): CallerHook =>
        callerHook((request) => azureCaller(deps.authenticator, api, request), deps.requestLimit);
      const hooks: Record<Api, CallerHook> = { training: hookOf('training'), prediction: hookOf('prediction') };
      for (const row of deps.rows)
        for (const version of versionsSince(row.api, row.since)) serveRow(scope, deps, hooks[row.api], row, version);
    },
    { prefix: '/customvision' },
  );
}

function serveRow(
  scope: FastifyInstance,
  { contextFor, limits }: FrameDeps,
  { onRequest, callerOf }: CallerHook,
  row: Row,
  version: Version,
): void {
  scope.route<{ Params: Record<string, string>; Querystring: Record<string, string | string[]> }>({
    method: row.method,
    url: `/${version}/${row.api}/${row.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    config: { azure: row },
    onRequest,
    handler: async (request, reply) => {
      const answer = await row.call({
        ...contextFor(callerOf(request)),
        version,
        path: pathOf(request.params),
        query: queryOf(row, request.query),
        body: await bodyOf(row, request, limits),
      });
      return send(reply, row, version, answer);
    },
  });
}

function pathOf(params: Record<string, string>): (name: string) => string {
  return (name) => {
    const value = params[name];
    if (value === undefined) throw new Error(`The path of this operation has no {${name}}.`);
    return name.endsWith('Id') ? value.toLowerCase() : value;
  };
}

function queryOf(row: Row, given: Record<string, string | string[]>): Record<string, unknown> {
  const byName = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), [value].flat().join(',')]));
  const fitted: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries<z.ZodType>(row.query.shape)) {
    const text = byName.get(name.toLowerCase());
    if (text !== undefined) fitted[name] = fitText(schema, text);
  }
  return parsed(row.query, fitted);
}

async function bodyOf({ body }: Row, request: FastifyRequest, limits: Limits): Promise<unknown> {
  switch (body.kind) {
    case 'none':
      return null;
    case 'json': {
      const json = await jsonOf(request);
      if (json === undefined && body.isOptional) return null;
      return parsed(body.schema, fit(body.schema, json ?? {}));
    }
    case 'picture':
      return pictureOf(request, limits[body.limit]);
    case 'pictures':
      return picturesOf(request, { maxBytes: limits[body.limit], maxCount: mostInBatch });
    case 'stream':
      return request.raw;
  }
}

/** Undefined when nothing was sent, which clients call JSON as well. */
async function jsonOf(request: FastifyRequest): Promise<unknown> {
  const text = (await readAll(request.raw, jsonBytes))
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trim();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError('INVALID', 'The body is no JSON.', { field: 'body' });
  }
}

function send(reply: FastifyReply, row: Row, version: Version, result: unknown): FastifyReply {
  const { status, body } = result instanceof Answer ? result : { status: row.success[0] ?? 200, body: result };
  // The clients of v3.0 know of one way to succeed only.
  reply.code(version === 'v3.0' ? (row.success[0] ?? status) : status);
  if (row.answer === 'binary') return reply.type('application/octet-stream').send(body);
  if (row.answer === null) return reply.send();
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function refuse(reply: FastifyReply, { status, body, headers }: AzureError & { headers: Record<string, string> }) {
  if (status === 401) reply.raw.statusMessage = 'Access Denied';
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** A client must never wait and try again because of what it sent itself: only our own faults are 5xx. */
function refusal(error: unknown, request: FastifyRequest, { logger }: FrameDeps) {
  const known = refusalOf(error, logger);
  const { azure } = request.routeOptions.config;
  if (known) return { ...azureError(known, azure?.subject ?? 'Project'), headers: retryHeader(known.details) };
  const { statusCode, message } = error as { statusCode?: number; message: string };
  // What the parsers refuse: a boundary that is no boundary, a length that is not one.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return {
      status: statusCode === 413 ? 413 : 400,
      body: { code: 'BadRequest' as const, message },
      headers: {},
    };
  return { status: 500, body: { code: 'ErrorUnknown' as const, message: masked(error, logger).message }, headers: {} };
}

function unknownPath({ method, url }: FastifyRequest) {
  const message = `There is no operation ${method} ${url.split('?')[0]}; docs/azure-compatibility.md lists them all.`;
  return { status: 404, body: { code: 'NotFound' as const, message }, headers: {} };
}
