import type { Model } from '../model-package.ts';

/** What an exporter makes of one model. Equal inputs give equal bytes. */
export interface ExportInput {
  model: Model;
  /** Null: the usual one of the platform. */
  flavor: string | null;
  /** Stands in the manifest; its time of request is the export's date. */
  iterationId: string;
  requestedAt: Date;
  signal?: AbortSignal;
  onProgress?: (fraction: number, message: string) => Promise<void>;
}

/** Files by their paths in the archive. */
export type ExportFiles = Map<string, Uint8Array>;

export interface ExportResult {
  files: ExportFiles;
  /** How far the exported model was from the server's on the reference images at most, in probability. */
  largestDifference: number;
}

export interface ExportFlavor {
  /** As Azure spells it; null for what is made when none is named. */
  name: string | null;
  description: string;
}

/** One platform that models can be written for. */
export interface Exporter {
  /** As Azure spells it. */
  platform: string;
  description: string;
  flavors: readonly ExportFlavor[];
  /** Kinds of models that it can write. */
  modelKinds: readonly Model['kind'][];
  write(input: ExportInput): Promise<ExportResult>;
}
