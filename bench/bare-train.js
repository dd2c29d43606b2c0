// The bare extraction as a process of its own: `node bare-train.js PATH…`, answers its milliseconds to the parent.
import { importCompiled } from '../bin/compiled.js';

const { bareExtraction } = await importCompiled('bench/train.ts');
process.send?.(await bareExtraction(process.argv.slice(2)));
process.disconnect?.();
