import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { Api, Version } from './versions.ts';
import type { Picture } from './wire/pictures.ts';

/**
 * How a body travels. JSON may have its names in any letter case. A picture is the first part of a multipart body, whatever its
 * name, or the body itself; pictures are all parts, one after another. A stream is for a row that reads as it comes.
 */
export type Body =
  | { kind: 'none' }
  | { kind: 'json'; schema: z.ZodType; isOptional: boolean }
  | { kind: 'picture'; limit: PictureLimit }
  | { kind: 'pictures'; limit: PictureLimit }
  | { kind: 'stream'; schema: z.ZodType };

/** Which setting says how large a picture may be. */
export type PictureLimit = 'trainingImageBytes' | 'predictionImageBytes';

/** What a row is given. */
export interface RowRequest<Query = Record<string, unknown>, Content = unknown> extends Context {
  version: Version;
  /** What stands for a name in braces of the row's path; ids are in lower case. */
  path: (name: string) => string;
  query: Query;
  body: Content;
}

/** An answer with another status than the first one of the row. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: unknown = null,
  ) {}
}

/** What an error is about, which decides its code: a bad name is another one for a project than for a tag. */
export type Subject = 'Project' | 'Tag' | 'Iteration' | 'Publication' | 'Image' | 'Prediction' | 'Export' | 'Domain';

/** One operation of Azure's API, as data. */
export interface Row {
  /** Its name in the clients, such as `createTag`. */
  operation: string;
  api: Api;
  /** The first version that has it; all by default. */
  since: Version;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/customvision/{version}/{api}/`, with names in braces. */
  path: string;
  summary: string;
  subject: Subject;
  query: z.ZodObject;
  body: Body;
  /** Statuses that the clients take for success; the first one is given unless the row says otherwise. */
  success: readonly number[];
  /** Schema of the answer; null when there is none, `binary` when it is a file. */
  answer: z.ZodType | 'binary' | null;
  /** What we do where Azure's documentation is silent, or where we differ; a sentence for the compatibility page. */
  note: string | null;
  /** What is sent; an object, a list, a number, true, or an `Answer`. No product logic: it calls a service and translates. */
  call: (request: RowRequest) => Promise<unknown>;
}

type ContentOf<B extends Body> = B extends { kind: 'json'; schema: infer S extends z.ZodType }
  ? z.output<S>
  : B extends { kind: 'picture' }
    ? Picture
    : B extends { kind: 'pictures' }
      ? AsyncIterable<Picture>
      : B extends { kind: 'stream' }
        ? Readable
        : null;

type Definition<Q extends z.ZodObject, B extends Body> = Omit<
  Row,
  'query' | 'body' | 'call' | 'since' | 'note' | 'success'
> & {
  query?: Q;
  body?: B;
  since?: Version;
  note?: string;
  success?: readonly number[];
  call: (request: RowRequest<z.output<Q>, ContentOf<B>>) => Promise<unknown>;
};

type NoQuery = z.ZodObject<Record<never, never>>;

/** Fills in what most rows have alike. The frame decodes by the row's own schemas, so that the types hold. */
export function row<Q extends z.ZodObject = NoQuery, B extends Body = { kind: 'none' }>(
  definition: Definition<Q, B>,
): Row {
  const { query, body, call, since, note, success, ...rest } = definition;
  return {
    ...rest,
    query: query ?? z.object({}),
    body: body ?? { kind: 'none' },
    since: since ?? 'v3.0',
    note: note ?? null,
    success: success ?? [definition.answer === null ? 204 : 200],
    call: (request) => call(request as RowRequest<z.output<Q>, ContentOf<B>>),
  };
}
