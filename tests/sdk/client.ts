/** What an operation is given, by the names that the JavaScript client has for its parameters and options. */
export type Arguments = Record<string, unknown>;

/** What is read of answers, in the names of the wire. */
export interface Wire {
  id: string;
  project: string;
  name: string;
  type: string;
  status: string;
  isBatchSuccessful: boolean;
  settings: { domainId: string; classificationType: string | null };
  images: { status: string; sourceUrl: string; image?: Wire | null; metadata?: Record<string, string> }[];
  tags: { tagId: string; tagName: string }[];
  regions: { regionId: string; tagId: string; left: number }[];
  created: { imageId: string; tagId: string; regionId: string }[];
  predictions: {
    tagName: string;
    tagType: string | null;
    probability: number;
    boundingBox?: { left: number; top: number; width: number; height: number };
  }[];
  results: Wire[];
  token: string & { session: string; continuation: string | null };
  downloadUri: string | null;
  platform: string;
  flavor: string | null;
  publishName: string | null;
  originalImageUri: string;
}

/** One of Azure's own packages, driven by the names of its operations. */
export interface SdkClient {
  name: string;
  operations: ReadonlySet<string>;
  /**
   * Answers what the package made of the answer, in the names of the wire; a stream as bytes.
   * @throws SdkError when the package does
   */
  call<T = Wire & Wire[]>(operation: string, given?: Arguments): Promise<T>;
  close(): Promise<void>;
}

/** What a package tells of a refusal. */
export class SdkError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}
