import { CliError } from '../errors.ts';
import type { AzureApi } from './azure-api.ts';
import type { AzureIteration, AzurePerformance } from './azure-models.ts';
import type { Losses } from './losses.ts';

/** What is known of a training at the source; its model stays there. */
export interface IterationFigures extends Pick<AzureIteration, 'id' | 'name' | 'status'> {
  trainedAt: string | null;
  publishName: string | null;
  trainingType: string | null;
  trainingTimeInMinutes: number | null;
  /** At a probability of .5 and an overlap of .3; null when there are none. */
  performance: AzurePerformance | null;
}

export async function readIterations(source: AzureApi, projectId: string, losses: Losses): Promise<IterationFigures[]> {
  const figures: IterationFigures[] = [];
  for (const iteration of await source.iterations(projectId)) {
    const { id, name, status, trainedAt, publishName, trainingType, trainingTimeInMinutes } = iteration;
    figures.push({
      id,
      name,
      status,
      trainedAt: trainedAt ?? null,
      publishName: publishName || null,
      trainingType: trainingType ?? null,
      trainingTimeInMinutes: trainingTimeInMinutes ?? null,
      performance: status === 'Completed' ? await performanceOf(source, projectId, iteration, losses) : null,
    });
    if (status === 'Completed')
      losses.add(
        'Trained models',
        'the source does not provide weights to continue from; their names and figures are in this report',
      );
    if (publishName)
      losses.add(
        `The published name “${publishName}”`,
        'it requires a model: train on this server, then publish under the same name',
      );
  }
  return figures;
}

async function performanceOf(
  source: AzureApi,
  projectId: string,
  { id, name }: AzureIteration,
  losses: Losses,
): Promise<AzurePerformance | null> {
  try {
    return await source.performance(projectId, id);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    losses.add(`The figures of “${name}”`, error.message);
    return null;
  }
}
