// A thread does not inherit the loader that reads TypeScript, so it registers its own first.
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
const { predictInThread, proposeInThread } = await import('./prediction-thread.ts');
export default predictInThread;
export { proposeInThread };
