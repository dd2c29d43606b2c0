// Node cannot read TypeScript in a thread of its own either.
import { importCompiled } from '../../../bin/compiled.js';

export const { open, forward, step, readState, writeState } = await importCompiled('workers/ml/trainer/step-thread.ts');
