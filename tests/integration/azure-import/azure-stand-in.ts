import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  AzureDomain,
  AzureImage,
  AzureIteration,
  AzurePerformance,
  AzureProject,
  AzureTag,
} from '../../../cli/azure-import/azure-models.ts';
import { startServer } from '../urls/local-server.ts';

export const trainingKey = 'the-key-of-the-training-resource';

/** A project of the stand-in with the bytes of its pictures. */
export interface StandInProject {
  project: AzureProject;
  tags: AzureTag[];
  images: (AzureImage & { bytes: Buffer })[];
  iterations: AzureIteration[];
  performance: AzurePerformance | null;
}

export interface StandIn {
  url: string;
  /** What was asked for, in order; those refused by a throttle too. */
  asked: string[];
  /** Makes every address that was given out so far answer 403, as signed ones do. */
  expireAddresses(): void;
}

interface Behaviour {
  projects: StandInProject[];
  domains: AzureDomain[];
  /** Oldest first; others answer 404. */
  versions?: string[];
  /** Answers before the operation does; true when it has. */
  disturb?: (path: string, response: ServerResponse) => boolean;
}

/** A web server with the shapes of Azure's training API: what a Taglens server as a source does not do, such as expired addresses. */
export async function startStandIn({ projects, domains, versions = ['v3.3'], disturb }: Behaviour): Promise<StandIn> {
  const asked: string[] = [];
  let signature = 1;
  const port = await startServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    asked.push(`${url.pathname}${url.search}`);
    if (disturb?.(url.pathname, response)) return;
    if (url.pathname.startsWith('/pictures/')) return picture(url, response);
    const [, version, path = ''] = /^\/customvision\/([^/]+)\/training\/(.*)$/.exec(url.pathname) ?? [];
    if (version === undefined || !versions.includes(version)) return gateway(response, 404, 'Resource not found');
    if (!isAllowed(request)) return gateway(response, 401, 'Access denied due to invalid subscription key.');
    if (path.endsWith('/artifacts')) return artifact(url, response);
    const answer = path === 'domains' ? domains : operation(path, url.searchParams);
    if (answer === undefined) send(response, 404, { code: 'NotFound', message: `Nothing at ${path}` });
    else send(response, 200, answer);
  });
  const base = `http://127.0.0.1:${port}`;

  function picture(url: URL, response: ServerResponse): void {
    const image = projects.flatMap(({ images }) => images).find(({ id }) => url.pathname === `/pictures/${id}`);
    if (!image || url.searchParams.get('sig') !== String(signature)) response.writeHead(403).end('<Error/>');
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(image.bytes);
  }

  /** Where an account is cut off from the network, the address of a picture is the path of an artifact. */
  function artifact(url: URL, response: ServerResponse): void {
    const image = projects
      .flatMap(({ images }) => images)
      .find(({ originalImageUri }) => originalImageUri === url.searchParams.get('path'));
    if (image) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(image.bytes);
    else response.writeHead(404).end();
  }

  const wire = ({ bytes, ...image }: StandInProject['images'][number]): AzureImage => ({
    ...image,
    originalImageUri:
      image.originalImageUri ?? (bytes.length > 0 ? `${base}/pictures/${image.id}?sig=${signature}` : null),
  });

  function operation(path: string, query: URLSearchParams): unknown {
    if (path === 'projects') return projects.map(({ project }) => project);
    const [, projectId, rest = ''] = /^projects\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const found = projects.find(({ project }) => project.id === projectId);
    if (!found) return undefined;
    const page = (images: StandInProject['images']): AzureImage[] => {
      const skip = Number(query.get('skip'));
      return images.slice(skip, skip + Number(query.get('take'))).map(wire);
    };
    const [tagged, untagged] = [found.images.filter(isTagged), found.images.filter((image) => !isTagged(image))];
    const ids = query.get('imageIds')?.split(',') ?? [];
    const answers: Record<string, () => unknown> = {
      tags: () => found.tags,
      iterations: () => found.iterations,
      'images/tagged/count': () => tagged.length,
      'images/untagged/count': () => untagged.length,
      'images/tagged': () => page(tagged),
      'images/untagged': () => page(untagged),
      'images/id': () => found.images.filter(({ id }) => ids.includes(id)).map(wire),
      ...(versions.some((version) => version >= 'v3.3') ? { images: () => page(found.images) } : {}),
      ...Object.fromEntries(
        found.iterations.map(({ id }) => [`iterations/${id}/performance`, () => found.performance ?? undefined]),
      ),
    };
    return answers[rest]?.();
  }

  return { url: base, asked, expireAddresses: () => void (signature += 1) };
}

const isAllowed = ({ headers }: IncomingMessage): boolean => headers['training-key'] === trainingKey;
const isTagged = ({ tags }: AzureImage): boolean => (tags?.length ?? 0) > 0;

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** In the shape of the gateway that stands before Azure's services. */
export function gateway(response: ServerResponse, status: number, message: string, headers = {}): void {
  send(response, status, { error: { code: String(status), message } }, headers);
}
