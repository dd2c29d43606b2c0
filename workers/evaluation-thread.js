// Node cannot read TypeScript in a thread of its own either.
import { importCompiled } from '../bin/compiled.js';

const { answerInThread, countInThread } = await importCompiled('workers/evaluation-thread.ts');
export default answerInThread;
export { countInThread };
