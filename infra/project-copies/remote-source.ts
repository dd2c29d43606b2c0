import type { z } from 'zod';
import { fetchUrl, UrlRefusal, type FetchUrlOptions } from '../urls/fetch-url.ts';
import { contentsShape, CopyRefused, nextIterationShape, pageShape } from './contents.ts';
import type { CopiedIteration, CopiedPage, CopySource, IterationFile, ProjectContents } from './contents.ts';

/** A page of images with many regions each has a few megabytes. */
const jsonBytes = 32 * 2 ** 20;
/** The snapshot of two million images. */
const iterationFileLimits = { maxBytes: 512 * 2 ** 20, timeoutMs: 10 * 60_000 };

export interface RemoteSourceOptions extends Omit<FetchUrlOptions, 'maxBytes' | 'accept'> {
  maxImageBytes: number;
}

type Limits = Pick<FetchUrlOptions, 'maxBytes'> & Partial<Pick<FetchUrlOptions, 'timeoutMs'>>;

/** Refusals that another attempt would meet as well. */
const finalCodes = new Set(['INVALID_URL', 'ADDRESS_REFUSED', 'TOO_LARGE', 'TOO_MANY_REDIRECTS']);
const finalStatuses = new Set([400, 401, 403, 404, 410]);

/** A project of another server, read over its signed address. */
export class RemoteSource implements CopySource {
  constructor(
    private readonly url: string,
    private readonly options: RemoteSourceOptions,
  ) {}

  contents(): Promise<ProjectContents> {
    return this.json(contentsShape, '');
  }

  async images(after: string | null): Promise<CopiedPage> {
    const page = await this.json(pageShape, '/images', after === null ? {} : { after });
    const ids = page.images.map(({ id }) => id);
    refuseStandstill(after, ids);
    if (page.next !== null && page.next !== ids.at(-1)) throw foreign('its next page does not follow this one');
    return page;
  }

  original(imageId: string): Promise<Buffer | null> {
    return this.readIfThere(`/images/${imageId}`, { maxBytes: this.options.maxImageBytes });
  }

  async iteration(after: string | null): Promise<CopiedIteration | null> {
    const { iteration } = await this.json(nextIterationShape, '/next-iteration', after === null ? {} : { after });
    if (iteration) refuseStandstill(after, [iteration.id]);
    return iteration;
  }

  iterationFile(iterationId: string, file: IterationFile): Promise<Buffer | null> {
    return this.readIfThere(`/iterations/${iterationId}/${file}`, iterationFileLimits);
  }

  private async json<T extends z.ZodType>(shape: T, path: string, query: Record<string, string> = {}) {
    const bytes = await this.read(path, { maxBytes: jsonBytes }, query).catch((error: unknown) => {
      throw finalOr(error);
    });
    const parsed = shape.safeParse(parse(bytes));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw foreign(`${issue?.path.join('.')}: ${issue?.message}`);
  }

  /** Null when the source says that there is no such thing. */
  private async readIfThere(path: string, limits: Limits): Promise<Buffer | null> {
    try {
      return await this.read(path, limits);
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw finalOr(error);
    }
  }

  private read(path: string, limits: Limits, query: Record<string, string> = {}): Promise<Buffer> {
    const url = new URL(this.url);
    url.pathname += path;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return fetchUrl(url.href, { ...this.options, ...limits, accept: '*/*' });
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new CopyRefused('The source does not answer with JSON; it may not be a Taglens server.');
  }
}

const foreign = (how: string): CopyRefused =>
  new CopyRefused(`The source does not answer like a Taglens server: ${how}.`);

/** A source that gives the same again and again would keep its copy from ever ending. */
function refuseStandstill(after: string | null, ids: readonly string[]): void {
  let last = after;
  for (const id of ids) {
    if (last !== null && id <= last) throw foreign(`${id} comes after ${last}`);
    last = id;
  }
}

const statusOf = (error: unknown): unknown =>
  error instanceof UrlRefusal && error.code === 'HTTP_STATUS' ? error.details['status'] : undefined;

function finalOr(error: unknown): unknown {
  if (!(error instanceof UrlRefusal)) return error;
  const status = statusOf(error);
  if (!finalCodes.has(error.code) && !finalStatuses.has(Number(status))) return error;
  const hint = status === 403 ? ' The token may have expired; request a new one from the source.' : '';
  return new CopyRefused(`${error.message}${hint}`);
}
