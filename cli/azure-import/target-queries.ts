export const domains = `{ domains { id name kind description } }`;

export const projects = `query ($after: String) {
  projects(first: 200, after: $after) {
    nodes { id description classificationType domainId }
    pageInfo { endCursor hasNextPage }
  }
}`;

export const counts = `query ($id: ID!) {
  project(id: $id) { imageCount untaggedImageCount tags { id name type imageCount } }
}`;

export const images = `query ($id: ID!, $after: String) {
  project(id: $id) {
    images(first: 200, after: $after, orderBy: OLDEST) {
      nodes { id name width height url tags { id } regions { tagId left top width height } metadata { name value } }
      pageInfo { endCursor hasNextPage }
    }
  }
}`;

export const createProject = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }`;

export const createTag = `mutation ($input: CreateTagInput!) {
  createTag(input: $input) { id name type imageCount }
}`;

export const addImages = `mutation ($input: AddImagesInput!) {
  addImages(input: $input) { results { status code message image { id } } }
}`;

export const setImageMetadata = `mutation ($input: SetImageMetadataInput!) { setImageMetadata(input: $input) { id } }`;
