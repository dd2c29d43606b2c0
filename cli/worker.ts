import { startWorker } from '../workers/main.ts';
import { untilStopped } from './serve.ts';

export async function workUntilStopped(env: NodeJS.ProcessEnv): Promise<void> {
  const stopped = untilStopped();
  const worker = await startWorker(env);
  console.log(`Taglens worker is running${worker.healthUrl === null ? '' : ` (health at ${worker.healthUrl}/readyz)`}`);
  try {
    await Promise.race([stopped, worker.end]);
  } finally {
    console.log('Stopping …');
    await worker.close();
  }
}
