// The bare loop as a process of its own: `node bare-predict.js MODEL SECONDS`, answers its rate to the parent.
import { importCompiled } from '../bin/compiled.js';

const { runBareLoop } = await importCompiled('bench/predict.ts');
const [, , modelFile, seconds] = process.argv;
process.send?.(await runBareLoop(modelFile, Number(seconds)));
process.disconnect?.();
