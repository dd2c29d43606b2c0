import type { TrainingActivities } from '../../schema/contracts/training.ts';

const shardCount = 3;

/** Activities that answer at once, so that a run shows nothing but what the orchestration does. */
export function trivialActivities(changes: Partial<TrainingActivities> = {}): TrainingActivities {
  return {
    takeSnapshot: () => Promise.resolve({ shardCount }),
    extractFeatures: ({ shard }) => Promise.resolve({ leftOutCount: shard === 1 ? 2 : 0 }),
    fitHead: () => Promise.resolve({ modelSha256: 'a'.repeat(64), warnings: ['Tag "stop" has 6 images.'] }),
    trainPart: () => Promise.resolve(),
    assembleDetector: () => Promise.resolve({ modelSha256: 'd'.repeat(64), warnings: [] }),
    keepBetter: ({ quick }) => Promise.resolve({ ...quick, modelSha256: 'e'.repeat(64) }),
    completeIteration: () => Promise.resolve(),
    failIteration: () => Promise.resolve(),
    ...changes,
  };
}
