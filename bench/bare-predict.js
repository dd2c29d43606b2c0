// The bare loop as a process of its own: `node bare-predict.js MODEL SECONDS`, answers its rate to the parent.
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
const { runBareLoop } = await import('./predict.ts');
const [, , modelFile, seconds] = process.argv;
process.send?.(await runBareLoop(modelFile, Number(seconds)));
process.disconnect?.();
