import { serve } from '../api/main.ts';

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}

export async function serveUntilStopped(env: NodeJS.ProcessEnv): Promise<void> {
  const stopped = untilStopped();
  const server = await serve(env);
  console.log(`Taglens serves at ${server.url} (playground ${server.url}/graphql)`);
  if (server.ownerKey !== null) console.log(`Owner key, shown once: ${server.ownerKey}`);
  await stopped;
  console.log('Stopping …');
  await server.close();
}
