// Node cannot read TypeScript in a thread of its own either.
import { importCompiled } from '../bin/compiled.js';

const { predictInThread, proposeInThread } = await importCompiled('workers/prediction-thread.ts');
export default predictInThread;
export { proposeInThread };
