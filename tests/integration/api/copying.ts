import type { TaglensClient } from '../../../cli/client.ts';

/** What a copy must have in common with its source, whatever the ids. */
export interface Contents {
  name: string;
  status: string;
  kind: string;
  imageCount: number;
  untaggedImageCount: number;
  tags: { name: string; type: string; imageCount: number }[];
  images: { name: string; sha256: string; isTest: boolean; tags: string[]; metadata: object[]; regions: unknown[] }[];
  import: {
    importedCount: number;
    leftOutCount: number;
    importedIterationCount: number;
    leftOutIterationCount: number;
    error: string | null;
  } | null;
}

interface Found extends Omit<Contents, 'images'> {
  images: {
    nodes: (Omit<Contents['images'][number], 'tags' | 'regions'> & { tags: { name: string }[]; regions: Drawn[] })[];
  };
}
interface Drawn {
  tag: { name: string };
  box: object;
}

const query = `query ($id: ID!) {
  project(id: $id) {
    name status kind imageCount untaggedImageCount
    import { importedCount leftOutCount importedIterationCount leftOutIterationCount error }
    tags { name type imageCount }
    images(first: 200, orderBy: OLDEST) {
      nodes { name sha256 isTest tags { name } metadata { name value } regions { tag { name } left top width height } }
    }
  }
}`;

export async function contentsOf(client: TaglensClient, id: string): Promise<Contents> {
  const { project } = await client.request<{ project: Found }>(query, { id });
  const images = project.images.nodes.map((image) => ({ ...image, tags: image.tags.map(({ name }) => name).sort() }));
  return { ...project, images };
}

export async function tokenOf(client: TaglensClient, projectId: string): Promise<string> {
  const text = 'mutation ($projectId: ID!) { createCopyToken(projectId: $projectId) { token } }';
  return (await client.request<{ createCopyToken: { token: string } }>(text, { projectId })).createCopyToken.token;
}

export async function startImport(client: TaglensClient, input: object): Promise<string> {
  const text = 'mutation ($input: ImportProjectInput!) { importProject(input: $input) { id } }';
  return (await client.request<{ importProject: { id: string } }>(text, { input })).importProject.id;
}

/** Waits until the import is over. */
export async function importedTo(client: TaglensClient, id: string): Promise<Contents> {
  for (;;) {
    const contents = await contentsOf(client, id);
    if (contents.status !== 'IMPORTING') return contents;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a copy of an iteration must have in common with its source, whatever the ids. */
export interface CopiedFacts {
  id: string;
  name: string;
  status: string;
  modelSha256: string;
}

const iterationFacts = `id name status mode seed domainId backbone inputSize imageCount warnings createdAt trainedAt
  modelSha256 snapshotSha256
  performance {
    accuracy logLoss precision { value low high } averagePrecision { value low high }
    perTag { tag { name } precision { value } recall { value } }
  }
  confusionMatrix { tags { name } rows }
  imageResults(first: 50) {
    nodes { isRight image { sha256 } actualTags { name } predictedTags { name } probabilities { tag { name } probability } }
  }`;

/** The oldest first. */
export async function iterationsOf(client: TaglensClient, projectId: string): Promise<CopiedFacts[]> {
  const text = `query ($id: ID!) { project(id: $id) { iterations(first: 10) { nodes { ${iterationFacts} } } } }`;
  const { project } = await client.request<{ project: { iterations: { nodes: CopiedFacts[] } } }>(text, {
    id: projectId,
  });
  return project.iterations.nodes.reverse();
}

/** Without what tells a copy from its source. */
export const substanceOf = (iterations: readonly CopiedFacts[]) =>
  iterations.map((iteration) => ({ ...iteration, id: '', modelSha256: '', snapshotSha256: '' }));
