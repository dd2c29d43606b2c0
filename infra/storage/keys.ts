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
  evaluation: (iterationId: string) => `iterations/${iterationId}/evaluation.json`,
  model: (iterationId: string) => `iterations/${iterationId}/model/model.taglens`,
  /** Images of one shard that could not be decoded, with the reasons; there only when there are any. */
  leftOut: (iterationId: string, shard: number) => `iterations/${iterationId}/left-out/${shard}.json`,
  /** Features are the same for every project; rows say by content which pack has them. */
  featurePack: (extractor: string, packId: string) => `features/${extractor}/${packId}.pack`,
  exportArchive: (exportId: string, fileName: string) => `exports/${exportId}/${fileName}`,
} as const;
