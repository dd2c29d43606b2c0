import { regionLabels, type BoxedPhoto } from '../../cli/boxed-photos.ts';
import type { TaglensClient } from '../../cli/client.ts';
import { createTags } from '../../cli/demo-steps.ts';
import type { OneMeasured, QualitySection } from './case.ts';
import { addImages, ampleMinutes, createProject, train } from './product.ts';

const figuresQuery = `query ($id: ID!) {
  iteration(id: $id) { performance { measuredOn meanAveragePrecision { at30 { value } at50 { value } at75 { value } at50To95 { value } } } }
}`;

interface Answer {
  iteration: {
    performance: {
      measuredOn: string;
      meanAveragePrecision: Record<'at30' | 'at50' | 'at75' | 'at50To95', { value: number }>;
    };
  };
}

export const detectorFigures: QualitySection['figures'] = [
  { name: 'at30', head: 'mAP@0.3', decimals: 3 },
  { name: 'at50', head: 'mAP@0.5', decimals: 3 },
  { name: 'at75', head: 'mAP@0.75', decimals: 3 },
  { name: 'at50To95', head: 'mAP@[.5:.95]', decimals: 3 },
];

/** The photographs for testing go in as the user's own test images, so that the product's figures are the ones to report. */
export async function measureDetector(
  client: TaglensClient,
  { name, domainId, photos }: { name: string; domainId: string; photos: readonly BoxedPhoto[] },
  options: { mode: 'QUICK' | 'ADVANCED'; seed: number; isTiled?: boolean; inputSize?: number | undefined },
): Promise<OneMeasured> {
  const projectId = await createProject(client, { name, kind: 'DETECTION', domainId });
  const tags = photos.flatMap(({ boxes }) => boxes.map(({ tag }) => tag));
  const tagIds = await createTags(client, projectId, tags);
  const uploads = photos.map((photo) => ({ ...photo, facts: regionLabels(photo, tagIds) }));
  await addImages(client, projectId, uploads);
  const budget = options.mode === 'ADVANCED' ? { budgetMinutes: ampleMinutes } : {};
  const { id, minutes } = await train(client, { projectId, ...options, ...budget });
  const { performance } = (await client.request<Answer>(figuresQuery, { id })).iteration;
  if (performance.measuredOn !== 'TEST_IMAGES') throw new Error('The figures are not those of the test images.');
  const { at30, at50, at75, at50To95 } = performance.meanAveragePrecision;
  return { figures: { at30: at30.value, at50: at50.value, at75: at75.value, at50To95: at50To95.value }, minutes };
}
