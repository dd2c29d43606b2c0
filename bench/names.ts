/** What can be measured; apart from the benchmarks themselves, so that the command line lists them without loading them. */
export const benchNames = [
  'train',
  'train-step',
  'predict',
  'azure',
  'proposals',
  'quality',
  'models',
  'subscriptions',
  'load',
  'uploads',
  'shards',
  'import-azure',
] as const;
export type BenchName = (typeof benchNames)[number];
