import type { ConfusionMatrix, Performance } from './tables.ts';

export const createProject = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }`;
export const createTag = `mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }`;
export const addImages = `mutation ($input: AddImagesInput!) {
  addImages(input: $input) { results { status image { id } message } }
}`;
export const trainIteration = `mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id } }`;
export const publishIteration = `mutation ($input: PublishIterationInput!) { publishIteration(input: $input) { id } }`;

export const iterationProgressed = `subscription ($iterationId: ID!, $after: ID) {
  iterationProgressed(iterationId: $iterationId, after: $after) { eventId status phase fraction message }
}`;

const figures = ['precision', 'recall', 'averagePrecision'].map((name) => `${name} { value low high }`).join(' ');

export const iterationReport = `query ($id: ID!) {
  iteration(id: $id) {
    status error modelSha256 trainedAt
    performance(threshold: 0.5, overlapThreshold: 0.5) {
      measuredOn imageCount meanAveragePrecision { at50 { value low high } at50To95 { value low high } }
      ${figures} perTag { tag { id name } ${figures} imageCount } }
    confusionMatrix(threshold: 0.5) { tags { id name } rows }
  }
}`;

export interface AddImagesAnswer {
  addImages: { results: { status: string; image: { id: string } | null; message: string | null }[] };
}

export interface ProgressEvent {
  eventId: string;
  status: string;
  phase: string | null;
  fraction: number | null;
  message: string | null;
}

export interface IterationReport {
  status: string;
  error: string | null;
  modelSha256: string | null;
  trainedAt: string | null;
  performance: Performance | null;
  confusionMatrix: ConfusionMatrix | null;
}

/** Fractions of the upright photograph. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface PredictionAnswer {
  results: { tagId: string; tagName: string; probability: number; box: Box | null }[];
}
