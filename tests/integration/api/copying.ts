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
  import: { importedCount: number; leftOutCount: number; error: string | null } | null;
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
    import { importedCount leftOutCount error }
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
