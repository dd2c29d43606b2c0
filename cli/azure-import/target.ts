import { randomUUID } from 'node:crypto';
import { TaglensClient, type Variables } from '../client.ts';
import type { Box } from '../demo-queries.ts';
import { CliError } from '../errors.ts';
import { connectionFailure, type PoliteHttp } from './polite-http.ts';
import * as queries from './target-queries.ts';

export type Kind = 'CLASSIFICATION' | 'DETECTION';

export interface TargetDomain {
  id: string;
  name: string;
  kind: Kind;
  description: string;
}

export interface TargetTag {
  id: string;
  name: string;
  type: 'REGULAR' | 'NEGATIVE';
  imageCount: number;
}

export type TargetRegion = Box & { tagId: string };

/** What an image shows, in the target's ids. */
export interface Labels {
  tagIds: string[];
  regions: TargetRegion[];
}

export interface Metadata {
  name: string;
  value: string;
}

export interface TargetImage {
  id: string;
  name: string;
  width: number;
  height: number;
  url: string;
  tags: { id: string }[];
  regions: TargetRegion[];
  metadata: Metadata[];
}

export interface NewProject {
  name: string;
  description: string;
  kind: Kind;
  classificationType: 'MULTICLASS' | 'MULTILABEL' | null;
  domainId: string;
}

export interface NewImage {
  name: string;
  bytes: Buffer;
  labels: Labels;
}

export interface AddResult {
  status: 'OK' | 'DUPLICATE' | 'REFUSED';
  code: string | null;
  message: string | null;
  image: { id: string } | null;
}

interface Page<T> {
  nodes: T[];
  pageInfo: { endCursor: string | null; hasNextPage: boolean };
}

interface ListedProject {
  id: string;
  description: string;
  classificationType: NewProject['classificationType'];
  domainId: string;
}

/** A running Taglens server, through its public API only. */
export class Target {
  readonly #client: TaglensClient;

  constructor(
    readonly url: string,
    key: string,
    private readonly http: PoliteHttp,
  ) {
    this.#client = new TaglensClient(url, key, http.fetch);
  }

  async domains(): Promise<TargetDomain[]> {
    return (await this.#client.request<{ domains: TargetDomain[] }>(queries.domains)).domains;
  }

  /** The project whose description ends with a text; null when there is none. */
  async findProject(ending: string): Promise<ListedProject | null> {
    for await (const nodes of this.#pages<ListedProject>(queries.projects, {}, 'projects')) {
      const found = nodes.find(({ description }) => description.endsWith(ending));
      if (found) return found;
    }
    return null;
  }

  async createProject(input: NewProject): Promise<string> {
    return (await this.#once<{ createProject: { id: string } }>(queries.createProject, input)).createProject.id;
  }

  async counts(projectId: string): Promise<{ imageCount: number; untaggedImageCount: number; tags: TargetTag[] }> {
    const answer = await this.#client.request<{ project: Awaited<ReturnType<Target['counts']>> | null }>(
      queries.counts,
      { id: projectId },
    );
    if (!answer.project) throw new CliError(`Project ${projectId} of ${this.url} was deleted meanwhile.`);
    return answer.project;
  }

  async createTag(input: { projectId: string; name: string; description: string; type: string }): Promise<TargetTag> {
    return (await this.#once<{ createTag: TargetTag }>(queries.createTag, input)).createTag;
  }

  /** Every image, page by page, with addresses that are good for an hour. */
  images(projectId: string): AsyncGenerator<TargetImage[]> {
    return this.#pages<TargetImage>(queries.images, { id: projectId }, 'images');
  }

  async addImages(projectId: string, images: readonly NewImage[]): Promise<AddResult[]> {
    const uploadIds = await this.#client.uploadFiles(projectId, images);
    const entries = images.map(({ name, labels }, index) => ({
      source: { uploadId: uploadIds[index] },
      name,
      ...labels,
    }));
    const input = { projectId, images: entries };
    return (await this.#once<{ addImages: { results: AddResult[] } }>(queries.addImages, input)).addImages.results;
  }

  async setMetadata(imageIds: readonly string[], metadata: readonly Metadata[]): Promise<void> {
    await this.#once(queries.setImageMetadata, { imageIds, metadata });
  }

  /** The original bytes as they are served. */
  async picture({ url, name }: TargetImage): Promise<Buffer> {
    try {
      const response = await this.http.fetch(new URL(url, this.url));
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      throw new CliError(`${this.url} answered ${response.status} when it was asked for the image ${name}.`);
    } catch (error) {
      throw connectionFailure(this.url, error);
    }
  }

  /** A repeated request must not act twice. */
  #once<T>(mutation: string, input: object): Promise<T> {
    return this.#client.request<T>(mutation, { input }, { 'idempotency-key': randomUUID() });
  }

  async *#pages<T>(query: string, variables: Variables, list: 'projects' | 'images'): AsyncGenerator<T[]> {
    for (let after: string | null = null; ;) {
      const answer = await this.#client.request<Record<string, unknown>>(query, { ...variables, after });
      const holder = list === 'projects' ? answer : (answer['project'] as Record<string, unknown> | null);
      if (!holder) throw new CliError(`The project of ${this.url} was deleted meanwhile.`);
      const { nodes, pageInfo } = holder[list] as Page<T>;
      yield nodes;
      if (!pageInfo.hasNextPage) return;
      after = pageInfo.endCursor;
    }
  }
}
