/** What is read of the answers of Azure Custom Vision's training API. Older versions leave fields out, and null means the same. */
export interface AzureProject {
  id: string;
  name: string;
  description?: string | null;
  settings: {
    domainId: string;
    classificationType?: string | null;
    targetExportPlatforms?: string[] | null;
    imageProcessingSettings?: { augmentationMethods?: Record<string, boolean> | null } | null;
    exportModelContainerUri?: string | null;
    notificationQueueUri?: string | null;
  };
}

export interface AzureDomain {
  id: string;
  name: string;
  /** Classification or ObjectDetection. */
  type: string;
}

export interface AzureTag {
  id: string;
  name: string;
  description?: string | null;
  /** Regular, Negative or GeneralProduct. */
  type?: string | null;
  imageCount?: number;
}

export interface AzureRegion {
  tagId: string;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface AzureImage {
  id: string;
  width: number;
  height: number;
  /** A signed address that expires; a path for `getArtifact` where the account is cut off from the network. */
  originalImageUri?: string | null;
  tags?: { tagId: string }[] | null;
  regions?: AzureRegion[] | null;
  metadata?: Record<string, string> | null;
}

export interface AzureIteration {
  id: string;
  name: string;
  status: string;
  trainedAt?: string | null;
  domainId?: string | null;
  trainingType?: string | null;
  trainingTimeInMinutes?: number | null;
  publishName?: string | null;
}

interface AzureFigures {
  precision: number;
  recall: number;
  averagePrecision?: number | null;
}

export interface AzurePerformance extends AzureFigures {
  perTagPerformance: (AzureFigures & { id: string; name: string })[];
}
