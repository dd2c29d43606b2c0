import { ownerKey, type ServerProcess } from '../e2e/process.ts';
import { bearer } from '../integration/api/setup.ts';
import { pause } from './many-trainings.ts';

export type Errand = 'ready' | 'read' | 'write' | 'upload' | 'predict';

/** What came of one request of a client. */
export interface Visit {
  errand: Errand;
  status: number;
  /** Of the error; null when it worked. */
  code: string | null;
  hasRetryAfter: boolean;
  durationMs: number;
}

interface Where {
  api: ServerProcess;
  /** Not that of a training: its tags and images change. */
  projectId: string;
  /** A project with a model published as «live». */
  publishedProjectId: string;
  jpeg: Buffer;
}

interface GraphqlBody {
  data?: { done: { id: string } | { results: { image: { id: string } }[] } } | null;
  errors?: { extensions: { code: string } }[];
  error?: { code: string };
}

const queries = {
  read: 'query ($p: ID!) { done: project(id: $p) { id tags { id } } }',
  write: 'mutation ($p: ID!, $n: String!) { done: createTag(input: { projectId: $p, name: $n }) { id } }',
  upload: `mutation ($p: ID!, $b: String!) {
    done: addImages(input: { projectId: $p, images: [{ source: { base64: $b } }] }) { results { image { id } } }
  }`,
};

const pauseMs = 400;

/** A client that asks for everything, one after the other, whatever comes. */
export class Visitor {
  readonly visits: Visit[] = [];
  /** Ids that the API said are stored. */
  readonly acknowledged: { tags: string[]; images: string[] } = { tags: [], images: [] };
  private isOver = false;
  private readonly walks: Promise<void>[];
  private count = 0;

  constructor(private readonly where: Where) {
    const errands: Errand[] = ['ready', 'read', 'write', 'upload', 'predict'];
    // Side by side: a request that waits must not hide how the others fare.
    this.walks = errands.map((errand) => this.walk(errand));
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.walks);
  }

  of(errand: Errand): Visit[] {
    return this.visits.filter((visit) => visit.errand === errand);
  }

  private async walk(errand: Errand): Promise<void> {
    while (!this.isOver) {
      const startedMs = performance.now();
      const response = await this.send(errand);
      const body = (await response.json()) as GraphqlBody;
      this.visits.push({
        errand,
        status: response.status,
        code: body.errors?.[0]?.extensions.code ?? body.error?.code ?? null,
        hasRetryAfter: response.headers.has('retry-after'),
        durationMs: performance.now() - startedMs,
      });
      this.remember(errand, body);
      await pause(pauseMs);
    }
  }

  private send(errand: Errand): Promise<Response> {
    const { api, projectId, publishedProjectId, jpeg } = this.where;
    if (errand === 'ready') return fetch(`${api.url}/readyz`);
    const headers = bearer(ownerKey);
    if (errand === 'predict') {
      const url = `${api.url}/v1/projects/${publishedProjectId}/predict/live`;
      const body = new Uint8Array(jpeg);
      return fetch(url, { method: 'POST', body, headers: { ...headers, 'content-type': 'image/jpeg' } });
    }
    this.count += 1;
    // What follows the end of a JPEG is no part of the picture, and makes each one new.
    const picture = Buffer.concat([jpeg, Buffer.from(`${this.count}`)]);
    const variables = { p: projectId, n: `tag ${Math.random()}`, b: picture.toString('base64') };
    const body = JSON.stringify({ query: queries[errand], variables });
    return fetch(`${api.url}/graphql`, {
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': 'application/json' },
    });
  }

  private remember(errand: Errand, { data }: GraphqlBody): void {
    const done = data?.done;
    if (!done) return;
    if (errand === 'write' && 'id' in done) this.acknowledged.tags.push(done.id);
    if (errand === 'upload' && 'results' in done)
      this.acknowledged.images.push(...done.results.map(({ image }) => image.id));
  }
}
