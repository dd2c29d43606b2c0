// Node cannot read TypeScript in a thread of its own either.
import { importCompiled } from '../bin/compiled.js';

const { answerInThread } = await importCompiled('workers/evaluation-thread.ts');
export default answerInThread;
