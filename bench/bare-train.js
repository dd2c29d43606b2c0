// The bare extraction as a process of its own: `node bare-train.js PATH…`, answers its milliseconds to the parent.
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
const { bareExtraction } = await import('./train.ts');
process.send?.(await bareExtraction(process.argv.slice(2)));
process.disconnect?.();
