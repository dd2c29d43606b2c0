import type { TaglensClient } from '../../cli/client.ts';
import type { Sample } from '../../samples/render.ts';

export interface Photograph {
  tag: string;
  jpeg: Buffer;
  /** Kept for measuring. */
  isTest?: boolean;
}

const batchSize = 64;

export async function ask<T>(
  client: TaglensClient,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<T> {
  return Object.values(await client.request<Record<string, T>>(query, variables))[0] as T;
}

/** The last of them are for testing. */
export const photographs = (images: readonly Sample[], testCount: number): Photograph[] =>
  images.map(({ tag, jpeg }, i) => ({ tag, jpeg, isTest: i >= images.length - testCount }));

/** The domains General (compact) and General, by their backbones. */
export const domainIds = {
  small: '0732100f-1a38-4e49-a514-c9b44c697ab5',
  large: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
} as const;

/** A project of the small backbone, unless another is wanted, with a tag for each kind of photograph. */
export async function makeProject(
  client: TaglensClient,
  photographs: readonly Photograph[],
  domainId: string = domainIds.small,
): Promise<string> {
  const project = await ask<{ id: string }>(
    client,
    'mutation ($d: ID!) { createProject(input: { name: "p", domainId: $d }) { id } }',
    { d: domainId },
  );
  for (const tag of new Set(photographs.map((photograph) => photograph.tag))) {
    const { id } = await ask<{ id: string }>(
      client,
      'mutation ($p: ID!, $n: String!) { createTag(input: { projectId: $p, name: $n }) { id } }',
      { p: project.id, n: tag },
    );
    const own = photographs.filter((photograph) => photograph.tag === tag);
    const images = own.map(({ jpeg, isTest = false }) => ({ source: { base64: jpeg.toString('base64') }, isTest }));
    for (let at = 0; at < images.length; at += batchSize)
      await ask(client, 'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { status } } }', {
        i: { projectId: project.id, tagIds: [id], images: images.slice(at, at + batchSize) },
      });
  }
  return project.id;
}

/** A detection project with a tag for each kind of sign, and the boxes round them; the last photographs are for testing. */
export async function makeDetectionProject(
  client: TaglensClient,
  samples: readonly Sample[],
  testCount: number,
): Promise<string> {
  const { id: projectId } = await ask<{ id: string }>(
    client,
    'mutation { createProject(input: { name: "p", kind: DETECTION }) { id } }',
  );
  const tagIds = new Map<string, string>();
  for (const name of new Set(samples.map(({ tag }) => tag))) {
    const query = 'mutation ($p: ID!, $n: String!) { createTag(input: { projectId: $p, name: $n }) { id } }';
    tagIds.set(name, (await ask<{ id: string }>(client, query, { p: projectId, n: name })).id);
  }
  const images = samples.map(({ jpeg, boxes }, i) => ({
    source: { base64: jpeg.toString('base64') },
    isTest: i >= samples.length - testCount,
    regions: boxes.map(({ tag, left, top, width, height }) => ({ tagId: tagIds.get(tag), left, top, width, height })),
  }));
  await ask(client, 'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { status } } }', {
    i: { projectId, images },
  });
  return projectId;
}

/** @param options what else a client may say of a training, such as its mode */
export const startTraining = (client: TaglensClient, projectId: string, options = {}): Promise<{ id: string }> =>
  ask(client, 'mutation ($i: TrainIterationInput!) { trainIteration(input: $i) { id } }', {
    i: { projectId, ...options },
  });

export interface State {
  status: string;
  error: string | null;
  modelSha256: string | null;
  imageCount: number;
  progress: { phase: string; fraction: number };
}

export const stateOf = (client: TaglensClient, id: string): Promise<State> =>
  ask(
    client,
    'query ($id: ID!) { iteration(id: $id) { status error modelSha256 imageCount progress { phase fraction } } }',
    {
      id,
    },
  );

export const isOver = ({ status }: State): boolean => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status);

/** Asks until the training is as wanted, which may be a moment that passes quickly, or over. */
export async function waitFor(
  client: TaglensClient,
  id: string,
  wanted: (state: State) => boolean,
  pollMs = 15,
): Promise<State> {
  for (;;) {
    const state = await stateOf(client, id);
    if (wanted(state) || isOver(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Asks seldom: who asks takes the processor from who trains. */
export const waitForEnd = (client: TaglensClient, id: string): Promise<State> => waitFor(client, id, isOver, 150);

/** When to kill who trains a quick classifier. @param late how far the whole training is, late in the extraction, 0 to 1 */
export const momentsOfTraining = (late: number): [when: string, isNow: (state: State) => boolean][] => [
  ['while it is queued', () => true],
  ['while features are extracted', ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.02],
  ['late in the extraction', ({ progress }) => progress.fraction > late],
  ['while the head is fitted', ({ progress }) => progress.phase === 'HEAD'],
  ['at the end', ({ progress }) => progress.phase === 'PACKAGE' || progress.phase === 'DONE'],
];

/** What a client that follows a training gets. */
export interface ProgressEvent {
  eventId: string;
  status: string;
  fraction: number;
}

export const progressQuery = `subscription ($id: ID!, $after: ID) {
  iterationProgressed(iterationId: $id, after: $after) { eventId status fraction }
}`;
