import { expect } from 'vitest';
import type { TaglensClient } from '../../cli/client.ts';
import { keys } from '../../infra/storage/keys.ts';
import { samples } from '../integration/api/setup.ts';
import { makeProject, startTraining, waitForEnd, type State } from '../e2e/training-steps.ts';
import type { Installation } from './installation.ts';
import { forgetFeatures, modelsOf } from './training-facts.ts';

/** Long enough for a machine that has much else to do. */
export const patienceMs = 480_000;

export interface Training {
  projectId: string;
  id: string;
}

/** Each project has photographs of its own: features are shared by content, and every training is to do its work. */
export async function makeProjects(client: TaglensClient, count: number, perTag: number): Promise<string[]> {
  const projects: string[] = [];
  for (let seed = 1; seed <= count; seed++) projects.push(await makeProject(client, await samples(perTag, seed)));
  return projects;
}

export async function startTrainings(client: TaglensClient, projectIds: string[]): Promise<Training[]> {
  const trainings: Training[] = [];
  for (const projectId of projectIds) trainings.push({ projectId, id: (await startTraining(client, projectId)).id });
  return trainings;
}

export const waitForAll = (client: TaglensClient, trainings: Training[]): Promise<State[]> =>
  Promise.all(trainings.map(({ id }) => waitForEnd(client, id)));

/** The same training once more, undisturbed and with nothing cached. */
export async function trainUndisturbed(
  installation: Installation,
  client: TaglensClient,
  projectId: string,
  options = {},
): Promise<State & { id: string }> {
  await forgetFeatures(installation);
  const { id } = await startTraining(client, projectId, { ...options, force: true });
  return { id, ...(await waitForEnd(client, id)) };
}

/** Each training completed with one model. */
export async function expectOneModelEach(
  installation: Installation,
  trainings: Training[],
  states: State[],
): Promise<void> {
  for (const [index, { id }] of trainings.entries()) {
    expect(states[index]).toMatchObject({ status: 'COMPLETED', error: null });
    expect(await modelsOf(installation, id)).toEqual([keys.model(id)]);
  }
}

/** Figures for docs/reliability.md. */
export function tell(what: string, figures: Record<string, unknown>): void {
  console.log(`${what}: ${JSON.stringify(figures)}`);
}

export const secondsSince = (startMs: number): number => Math.round((performance.now() - startMs) / 100) / 10;

export const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));
