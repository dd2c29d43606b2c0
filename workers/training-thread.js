// Node cannot read TypeScript in a thread of its own either.
import { importCompiled } from '../bin/compiled.js';

await importCompiled('workers/training-thread.ts');
