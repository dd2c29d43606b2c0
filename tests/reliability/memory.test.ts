import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TaglensClient } from '../../cli/client.ts';
import { renderSamples, type Sample } from '../../samples/render.ts';
import { peakBytesOf } from '../e2e/process.ts';
import {
  domainIds,
  makeDetectionProject,
  makeProject,
  photographs,
  startTraining,
  waitForEnd,
} from '../e2e/training-steps.ts';
import { enoughTestImages } from '../../workers/activities/training-plan.ts';
import { poolBytes } from '../../workers/ml/fine-tuning/recipe.ts';
import { hasServers, install, type Installation } from './installation.ts';
import { patienceMs, tell } from './many-trainings.ts';

const limitBytes = 4 * 2 ** 30;
/** Of a detector a quarter is with the backbone: as many as it takes until no step needs more memory than those before. */
const mostSteps = 24;

interface Largest {
  what: string;
  options: Record<string, unknown>;
  /** What the views of a large set would take, and those of these photographs do not. */
  missingBytes: number;
  makeProject: (client: TaglensClient, images: Sample[]) => Promise<string>;
}

const largest: Largest[] = [
  {
    what: 'a tiled detector with the largest input',
    options: { inputSize: 640, isTiled: true },
    // 57 views of 1.1 MB each of 14 photographs fill all that is kept for views.
    missingBytes: 0,
    makeProject: (client, images) => makeDetectionProject(client, images.slice(0, 16), 2),
  },
  {
    what: 'a classifier of the largest backbone',
    options: {},
    missingBytes: poolBytes,
    makeProject: (client, images) => makeProject(client, photographs(images, enoughTestImages), domainIds.large),
  },
];

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', { timeout: patienceMs }, () => {
  const samples: Sample[] = [];
  let installation: Installation;
  beforeAll(async () => {
    for await (const sample of renderSamples({ perTag: 16, seed: 17, size: 640 }))
      if (['stop', 'yield'].includes(sample.tag)) samples.push(sample);
  });
  afterEach(() => installation.close());

  test.each(largest)(
    'a worker that trains $what stays below 4 GiB',
    async ({ what, options, missingBytes, ...setting }) => {
      installation = await install();
      const { client } = await installation.startApi();
      const worker = await installation.startWorker({ TAGLENS_MAX_TRAINING_STEPS: String(mostSteps) });
      const projectId = await setting.makeProject(client, samples);
      const { id } = await startTraining(client, projectId, { mode: 'ADVANCED', budgetMinutes: 600, ...options });
      expect(await waitForEnd(client, id)).toMatchObject({ status: 'COMPLETED', error: null });
      const bytes = await peakBytesOf(worker);
      tell('memory', { what, bytes, missingBytes });
      expect(bytes + missingBytes).toBeLessThan(limitBytes);
    },
  );
});
