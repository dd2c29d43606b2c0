export { exportIteration } from './export-iteration.ts';
export { importProject } from './import-project.ts';
export { trainIteration } from './train-iteration.ts';
