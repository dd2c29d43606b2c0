export { exportIteration } from './export-iteration.ts';
export { trainIteration } from './train-iteration.ts';
