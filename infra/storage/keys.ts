/** Every key of the storage is made here and nowhere else, so that the layout can be read in one place. */
export const keys = {
  project: (projectId: string) => `projects/${projectId}/`,
  image: (projectId: string, imageId: string) => `projects/${projectId}/images/${imageId}/`,
  imageOriginal: (projectId: string, imageId: string) => `projects/${projectId}/images/${imageId}/original`,
  imageDisplay: (projectId: string, imageId: string) => `projects/${projectId}/images/${imageId}/display.jpg`,
  imageThumbnail: (projectId: string, imageId: string) => `projects/${projectId}/images/${imageId}/thumbnail.jpg`,
  prediction: (projectId: string, predictionId: string) => `projects/${projectId}/predictions/${predictionId}/`,
  predictionOriginal: (projectId: string, predictionId: string) =>
    `projects/${projectId}/predictions/${predictionId}/original`,
  upload: (uploadId: string) => `uploads/${uploadId}`,
  uploads: () => 'uploads/',
  iteration: (iterationId: string) => `iterations/${iterationId}/`,
  snapshot: (iterationId: string) => `iterations/${iterationId}/snapshot.json`,
  head: (iterationId: string) => `iterations/${iterationId}/head.json`,
  evaluation: (iterationId: string) => `iterations/${iterationId}/evaluation.json`,
  model: (iterationId: string) => `iterations/${iterationId}/model/model.taglens`,
  featureShard: (iterationId: string, shard: number | string) => `iterations/${iterationId}/features/${shard}.json`,
  /** One image's features are the same for every project, so they are kept by content. */
  features: (backbone: string, version: string, sha256: string) =>
    `features/${backbone}-${version}/${sha256.slice(0, 2)}/${sha256}.f32`,
  exportArchive: (exportId: string, fileName: string) => `exports/${exportId}/${fileName}`,
} as const;
