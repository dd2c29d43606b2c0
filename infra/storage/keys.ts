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
  iteration: (iterationId: string) => `iterations/${iterationId}/`,
  snapshot: (iterationId: string) => `iterations/${iterationId}/snapshot.json`,
  /** Their ids alone. */
  snapshotImages: (iterationId: string) => `iterations/${iterationId}/snapshot-images.ids`,
  /** How the model comes about, as decided at the snapshot. */
  trainingPlan: (iterationId: string) => `iterations/${iterationId}/plan.json`,
  /** Everything below is needed while the iteration trains only. */
  trainingWork: (iterationId: string) => `iterations/${iterationId}/work/`,
  /** What an image looks like to the backbone in several views. */
  views: (iterationId: string, imageId: string) => `iterations/${iterationId}/work/views/${imageId}.pack`,
  /** Where the last checkpoint of a part is, each in the place of the one before. */
  checkpoint: (iterationId: string, part: number) => `iterations/${iterationId}/work/checkpoints/${part}`,
  /** What a part made of images that were held out of it. */
  judged: (iterationId: string, part: number) => `iterations/${iterationId}/work/judged/${part}`,
  /** What a part learned; it has ended when this is there. */
  learned: (iterationId: string, part: number) => `iterations/${iterationId}/work/learned/${part}`,
  /** The classifier that an ADVANCED training must beat. */
  quickModel: (iterationId: string) => `iterations/${iterationId}/work/quick/model.taglens`,
  quickEvaluation: (iterationId: string) => `iterations/${iterationId}/work/quick/evaluation.json`,
  evaluation: (iterationId: string) => `iterations/${iterationId}/evaluation.json`,
  model: (iterationId: string) => `iterations/${iterationId}/model/model.taglens`,
  /** Images of one shard that could not be decoded, with the reasons; there only when there are any. */
  leftOut: (iterationId: string, shard: number) => `iterations/${iterationId}/left-out/${shard}.json`,
  /** Features are the same for every project; rows say by content which pack has them. */
  featurePack: (extractor: string, packId: string) => `features/${extractor}/${packId}.pack`,
  export: (exportId: string) => `exports/${exportId}/`,
  exportArchive: (exportId: string) => `exports/${exportId}/model.zip`,
  /** Names the installation that the storage belongs to. */
  installation: () => 'installation',
} as const;

/** Whose rows an object belongs to, and what is deleted together with it: one object, or all below a prefix. */
export interface ObjectOwner {
  kind: OwnerKind;
  /** A UUID of version 7. */
  id: string;
  keyOrPrefix: string;
}
export type OwnerKind = keyof typeof ownerPatterns;

/** The first that fits says whose an object is. */
const ownerPatterns = {
  upload: /^uploads\/(?<id>[^/]+)$/,
  trainingWork: /^iterations\/(?<id>[^/]+)\/work\//,
  iteration: /^iterations\/(?<id>[^/]+)\//,
  export: /^exports\/(?<id>[^/]+)\//,
  image: /^projects\/[^/]+\/images\/(?<id>[^/]+)\//,
  prediction: /^projects\/[^/]+\/predictions\/(?<id>[^/]+)\//,
  featurePack: /^features\/[^/]+\/(?<id>[^/]+)\.pack$/,
};

/** Where all objects are that belong to rows. */
export const ownedPrefixes = ['uploads/', 'iterations/', 'exports/', 'projects/', 'features/'] as const;

/** Null for an object that is not known to belong to rows. */
export function ownerOf(key: string): ObjectOwner | null {
  for (const kind of Object.keys(ownerPatterns) as OwnerKind[]) {
    const match = ownerPatterns[kind].exec(key);
    const id = match?.groups?.['id'];
    if (id !== undefined) return { kind, id, keyOrPrefix: match?.[0] ?? '' };
  }
  return null;
}
