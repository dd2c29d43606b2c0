import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { iterationFiles } from '../../infra/project-copies/contents.ts';
import type { Authenticator } from '../access/authentication.ts';
import { callerHook } from '../access/caller-hook.ts';
import { DomainError, notFound } from '../errors.ts';
import { copyPath } from '../features/copies/copy-token.ts';
import { archivePath } from '../features/exports/export.service.ts';
import { cachedFor, imagePath, inlineAs, predictionImagePath, renditions } from '../features/images/image-files.ts';
import type { PictureFile } from '../features/images/image-files.ts';
import { uploadPath } from '../features/images/upload.service.ts';
import type { RateLimit } from '../access/rate-limit.ts';
import type { Services } from '../services.ts';
import type { UrlSigner } from '../access/signing.ts';

export interface PlainRouteDeps {
  services: Services;
  authenticator: Authenticator;
  requestLimit: RateLimit;
  signer: UrlSigner;
  maxPredictionBytes: number;
}

interface Signed {
  expires?: string;
  signature?: string;
}

/** A body somewhat too large is read to its end, because a client that is still sending would miss the answer. */
const readableFactor = 8;

/** The endpoints beside GraphQL: bytes travel as they are. */
export async function servePlainRoutes(app: FastifyInstance, deps: PlainRouteDeps): Promise<void> {
  await app.register((scope) => serveUploads(scope, deps));
  await app.register((scope) => servePredictions(scope, deps));
  servePictures(app, deps);
  serveArchives(app, deps);
  serveCopies(app, deps);
}

function serveUploads(scope: FastifyInstance, { services, signer }: PlainRouteDeps): Promise<void> {
  scope.removeAllContentTypeParsers();
  // The body stays a stream: it goes to the storage piece by piece.
  scope.addContentTypeParser('*', (_request, body, done) => done(null, body));
  scope.put<{ Params: { id: string }; Querystring: Signed }>(
    '/v1/uploads/:id',
    async ({ params, query, body, raw }, reply) => {
      signer.check(uploadPath(params.id), query);
      await services.uploads.receive(params.id, (body as Readable | null | undefined) ?? raw);
      return reply.code(204).send();
    },
  );
  return Promise.resolve();
}

interface PredictRequest {
  Params: { projectId: string; publishedName: string };
  Querystring: { store?: string; explain?: string };
}

async function servePredictions(scope: FastifyInstance, deps: PlainRouteDeps): Promise<void> {
  const { services, authenticator, requestLimit, maxPredictionBytes } = deps;
  const bodyLimit = readableFactor * maxPredictionBytes;
  const { onRequest, callerOf } = callerHook((request) => authenticator.callerOf(request), requestLimit);
  scope.removeAllContentTypeParsers();
  await scope.register(multipart, { limits: { files: 1, fileSize: bodyLimit } });
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body));
  scope.post<PredictRequest>(
    '/v1/projects/:projectId/predict/:publishedName',
    { bodyLimit, onRequest },
    async (request) => {
      const { projectId, publishedName } = request.params;
      const { store, explain } = request.query;
      const bytes = await bodyOf(request, maxPredictionBytes);
      const question = {
        projectId,
        publishedName,
        iterationId: null,
        store: flag('store', store),
        explain: flag('explain', explain),
      };
      return services.predictions.predict(callerOf(request), question, bytes);
    },
  );
}

async function bodyOf(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const bytes = request.isMultipart() ? await fileOf(request) : request.body;
  if (!Buffer.isBuffer(bytes)) return Buffer.alloc(0);
  if (bytes.length <= maxBytes) return bytes;
  const message = `The image has ${bytes.length} bytes; the limit is ${maxBytes}.`;
  throw new DomainError('TOO_LARGE', message, { max: maxBytes, value: bytes.length });
}

async function fileOf(request: FastifyRequest): Promise<Buffer> {
  const part = await request.file();
  if (!part) throw new DomainError('INVALID', 'The multipart body has no file.', { field: 'body' });
  return part.toBuffer();
}

function flag(field: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true' || value === '') return true;
  throw new DomainError('INVALID', `${field} must be true or false; it is ${JSON.stringify(value.slice(0, 50))}.`, {
    field,
  });
}

function servePictures(app: FastifyInstance, { services, signer }: PlainRouteDeps): void {
  for (const rendition of renditions)
    app.get<{ Params: { id: string }; Querystring: Signed }>(
      `/v1/images/:id/${rendition}`,
      async ({ params, query }, reply) => {
        signer.check(imagePath(params.id, rendition), query);
        const direct = rendition === 'original' && (await services.imageFiles.directUrl(params.id, secondsLeft(query)));
        if (direct) return reply.header('cache-control', cachedFor(secondsLeft(query))).redirect(direct);
        return sendPicture(reply, await services.imageFiles.image(params.id, rendition), query);
      },
    );
  app.get<{ Params: { id: string }; Querystring: Signed }>(
    '/v1/predictions/:id/image',
    async ({ params, query }, reply) => {
      signer.check(predictionImagePath(params.id), query);
      return sendPicture(reply, await services.imageFiles.predictionImage(params.id), query);
    },
  );
}

/** Streamed from here, not from the storage: old clients do not follow a redirect. */
function serveArchives(app: FastifyInstance, { services, signer }: PlainRouteDeps): void {
  app.get<{ Params: { id: string }; Querystring: Signed }>(archivePath(':id'), async ({ params, query }, reply) => {
    signer.check(archivePath(params.id), query);
    const { stream, sizeBytes, name } = await services.exports.archive(params.id);
    return reply
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('content-length', sizeBytes)
      .header('cache-control', cachedFor(secondsLeft(query)))
      .type('application/zip')
      .send(stream);
  });
}

/** What another server asks for that copies a project. The signature is that of the project, and opens all below it. */
function serveCopies(app: FastifyInstance, { services, signer }: PlainRouteDeps): void {
  interface CopyRequest {
    Params: { id: string; imageId: string; iterationId: string; file: string };
    Querystring: Signed & { after?: string };
  }
  const sourceOf = ({ params, query }: FastifyRequest<CopyRequest>) => {
    signer.check(copyPath(params.id), query);
    return services.copies.sourceOf(params.id);
  };
  app.get<CopyRequest>(copyPath(':id'), (request) => sourceOf(request).contents());
  app.get<CopyRequest>(`${copyPath(':id')}/images`, (request) => sourceOf(request).images(request.query.after ?? null));
  app.get<CopyRequest>(`${copyPath(':id')}/images/:imageId`, async (request, reply) => {
    const bytes = await sourceOf(request).original(request.params.imageId);
    return sendCopied(reply, bytes, 'image', request.params.imageId);
  });
  app.get<CopyRequest>(`${copyPath(':id')}/next-iteration`, async (request) => ({
    iteration: await sourceOf(request).iteration(request.query.after ?? null),
  }));
  app.get<CopyRequest>(`${copyPath(':id')}/iterations/:iterationId/:file`, async (request, reply) => {
    const source = sourceOf(request);
    const { iterationId, file: name } = request.params;
    const file = iterationFiles.find((known) => known === name);
    return sendCopied(reply, file ? await source.iterationFile(iterationId, file) : null, 'file', name);
  });
}

function sendCopied(reply: FastifyReply, bytes: Buffer | null, what: string, id: string): FastifyReply {
  if (!bytes) throw notFound(what, id);
  return reply.type('application/octet-stream').header('cache-control', 'private, no-store').send(bytes);
}

/** An uploaded file must never act as a page or a script, whatever is in it. */
function sendPicture(reply: FastifyReply, { bytes, contentType, name }: PictureFile, query: Signed): FastifyReply {
  return reply
    .header('cache-control', cachedFor(secondsLeft(query)))
    .header('content-disposition', inlineAs(name))
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cross-origin-resource-policy', 'cross-origin')
    .type(contentType)
    .send(bytes);
}

/** Seconds for which a signed URL is still valid, at least one. */
const secondsLeft = ({ expires }: Signed): number => Math.max(1, Math.floor((Number(expires) - Date.now()) / 1000));
