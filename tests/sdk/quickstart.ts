import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { SdkClient } from './client.ts';
import { until } from './world.ts';

/** The photographs of Azure's own quickstarts, which are no part of the project; null and a word when they are not there. */
export function findPhotographs(set: string): string | null {
  const folder = fileURLToPath(new URL(`../../../shared/datasets/${set}`, import.meta.url));
  if (existsSync(folder)) return folder;
  console.warn(`../shared/datasets/${set} is not there: the quickstart with it is not tried.`);
  return null;
}

/** What every quickstart does between its uploads and its prediction. */
export async function trainAndPublish(
  client: SdkClient,
  projectId: string,
  { publishName, withinMs }: { publishName: string; withinMs: number },
): Promise<{ iterationId: string }> {
  const training = await client.call('trainProject', { projectId });
  // The quickstarts go on at any other status.
  expect(training.status).toBe('Training');
  const iterationId = training.id;
  const ask = () => client.call('getIteration', { projectId, iterationId });
  expect(await until(ask, ({ status }) => status !== 'Training', withinMs)).toMatchObject({ status: 'Completed' });
  await client.call('publishIteration', { projectId, iterationId, publishName, predictionId: '/subscriptions/any' });
  return { iterationId };
}
