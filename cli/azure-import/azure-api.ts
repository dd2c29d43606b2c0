import { CliError } from '../errors.ts';
import type {
  AzureDomain,
  AzureImage,
  AzureIteration,
  AzurePerformance,
  AzureProject,
  AzureTag,
} from './azure-models.ts';
import { connectionFailure, type PoliteHttp } from './polite-http.ts';

/** The newest first: it tells most. */
const versions = ['v3.4-preview', 'v3.3', 'v3.2', 'v3.1', 'v3.0'] as const;
type Version = (typeof versions)[number];

/** The most that Azure answers at once. */
const pageSize = 256;
/** What a signed address says once its time is over; a picture that is gone says the same. */
const expiredStatuses = new Set([401, 403, 404, 410]);
const figuresAt = { threshold: '0.5', overlapThreshold: '0.3' };

type Query = Record<string, string>;

export interface ImageCounts {
  tagged: number;
  untagged: number;
}

/** Reads from a training resource of Azure Custom Vision, or from any server that speaks as it does. Changes nothing there. */
export class AzureApi {
  private constructor(
    readonly endpoint: string,
    private readonly key: string,
    private readonly http: PoliteHttp,
    readonly version: Version,
    readonly projects: readonly AzureProject[],
  ) {}

  /** Finds the newest version that is served, by `probe`. @throws CliError that says whether endpoint or key is wrong */
  static async open(address: string, key: string, http: PoliteHttp, probe = http): Promise<AzureApi> {
    const endpoint = originOf(address);
    for (const version of versions) {
      const url = `${endpoint}/customvision/${version}/training/projects`;
      const response = await sendKey(probe, url, key);
      if (response.status === 404) continue;
      const projects = await jsonOf<AzureProject[]>(response, url);
      if (!Array.isArray(projects)) throw new CliError(`${url} did not answer with a list of projects.`);
      return new AzureApi(endpoint, key, http, version, projects);
    }
    const versionsText = `${versions.at(-1)} to ${versions[0]}`;
    throw new CliError(
      `${endpoint} does not serve the Custom Vision training API (${versionsText}). Use the endpoint of the training resource, as shown on its page “Keys and Endpoint”.`,
    );
  }

  domains(): Promise<AzureDomain[]> {
    return this.get('domains');
  }

  tags(projectId: string): Promise<AzureTag[]> {
    return this.get(`projects/${projectId}/tags`);
  }

  iterations(projectId: string): Promise<AzureIteration[]> {
    return this.get(`projects/${projectId}/iterations`);
  }

  /** At the thresholds that Azure's portal begins with. */
  performance(projectId: string, iterationId: string): Promise<AzurePerformance> {
    return this.get(`projects/${projectId}/iterations/${iterationId}/performance`, figuresAt);
  }

  async imageCounts(projectId: string): Promise<ImageCounts> {
    const images = `projects/${projectId}/images`;
    return {
      tagged: await this.get<number>(`${images}/tagged/count`),
      untagged: await this.get<number>(`${images}/untagged/count`),
    };
  }

  /** Every image of the workspace, the oldest first, so that uploads meanwhile do not shift what is still to come. */
  async *images(projectId: string): AsyncGenerator<AzureImage[]> {
    const all = `projects/${projectId}/images`;
    const isOlder = this.version < 'v3.3';
    const lists = isOlder ? [`${all}/tagged`, `${all}/untagged`] : [all];
    for (const list of lists) {
      for (let skip = 0; ; skip += pageSize) {
        const query = { take: String(pageSize), skip: String(skip), orderBy: 'Oldest' };
        const page = await this.get<AzureImage[]>(list, query);
        yield page;
        if (page.length < pageSize) break;
      }
    }
  }

  /** The same images with fresh addresses; those deleted meanwhile are missing. */
  imagesById(projectId: string, imageIds: readonly string[]): Promise<AzureImage[]> {
    return this.get(`projects/${projectId}/images/id`, { imageIds: imageIds.join(',') });
  }

  /** The original bytes; null when the address has expired. The key goes to the endpoint only. */
  async picture(projectId: string, { originalImageUri: uri }: AzureImage): Promise<Buffer | null> {
    if (!uri) throw new CliError('Its original image has no URL.');
    const response = URL.canParse(uri)
      ? await reach(this.http, uri, {})
      : await sendKey(this.http, this.urlOf(`projects/${projectId}/artifacts`, { path: uri }), this.key);
    if (response.ok) return Buffer.from(await response.arrayBuffer());
    if (expiredStatuses.has(response.status)) return null;
    throw new CliError(`Its URL answered ${response.status} ${messageIn(await response.text())}`.trimEnd());
  }

  private async get<T>(path: string, query: Query = {}): Promise<T> {
    const url = this.urlOf(path, query);
    return jsonOf<T>(await sendKey(this.http, url, this.key), url);
  }

  /** Lists stand in one parameter, with literal commas. */
  private urlOf(path: string, query: Query): string {
    const parameters = Object.entries(query).map(
      ([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`,
    );
    const search = parameters.length > 0 ? `?${parameters.join('&')}` : '';
    return `${this.endpoint}/customvision/${this.version}/training/${path}${search}`;
  }
}

/** Endpoints are pasted with and without a scheme, a slash at the end, or the whole address of an operation. */
function originOf(address: string): string {
  const whole = /^https?:\/\//i.test(address) ? address : `https://${address}`;
  if (!URL.canParse(whole)) throw new CliError(`--endpoint ${JSON.stringify(address)} is not a URL.`);
  return new URL(whole).origin;
}

/** Redirects are not followed, since the key would go along. */
function sendKey(http: PoliteHttp, url: string, key: string): Promise<Response> {
  return reach(http, url, { headers: { 'training-key': key }, redirect: 'manual' });
}

async function reach(http: PoliteHttp, url: string, init: RequestInit): Promise<Response> {
  try {
    return await http.fetch(url, init);
  } catch (error) {
    throw connectionFailure(new URL(url).origin, error);
  }
}

async function jsonOf<T>(response: Response, url: string): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw refusalOf(response, url, text);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new CliError(`${url} did not answer with JSON, but with: ${text.slice(0, 200)}`);
  }
}

function refusalOf({ status, headers }: Response, url: string, text: string): CliError {
  const message = messageIn(text);
  const { origin } = new URL(url);
  if (status === 401)
    return new CliError(
      `${origin} refused the key: ${message} Use the key of the training resource, not that of the prediction resource; each key works only with its own endpoint.`,
    );
  const location = headers.get('location');
  if (location !== null) return new CliError(`${origin} redirects to ${location}; use that as the endpoint.`);
  const hint = status === 429 ? ' Run the same command again later: it continues where it stopped.' : '';
  return new CliError(`${url} answered ${status}: ${message}${hint}`);
}

/** In both shapes: that of the service, and that of the gateway before it. */
function messageIn(text: string): string {
  try {
    const body = JSON.parse(text) as { code?: string; message?: string; error?: { code?: string; message?: string } };
    const { code, message } = body.error ?? body;
    if (message) return code && !/^\d+$/.test(code) ? `${code}: ${message}` : message;
  } catch {
    // Not JSON, such as the page of a proxy.
  }
  return text.slice(0, 200);
}
