import { loadConfig } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { entities } from '../../../schema/entities/index.ts';
import { defaultSuppression } from '../../../workers/ml/detection/boxes.ts';
import { uncalibrated } from '../../../workers/ml/detection/calibration.ts';
import { headNetwork } from '../../../workers/ml/detection/head-network.ts';
import { initialWeights } from '../../../workers/ml/detection/initial-weights.ts';
import { viewVersion } from '../../../workers/ml/detection/views.ts';
import { writeModelPackage, type DetectorModel, type ModelTag } from '../../../workers/ml/model-package.ts';
import type { Backend } from '../../backends/backend.ts';
import { completedIteration } from './completed-iteration.ts';
import type { TestServer } from './setup.ts';

/** Untrained: it sees all tags everywhere. */
export function doubtfulDetector(named: readonly Pick<ModelTag, 'id' | 'name'>[]): DetectorModel {
  const tags = named.map((tag) => ({ ...tag, type: 'REGULAR' as const }));
  const shape = { inputSize: 320, headWidth: 8, heads: 1 };
  const weights = initialWeights(headNetwork({ ...shape, tagCount: tags.length }, { isFolded: true }), 5);
  weights.get('tags.bias')?.fill(0);
  const facts = {
    kind: 'DETECTION' as const,
    backbone: 'efficientnet-lite0' as const,
    viewVersion,
    isTiled: false,
    isMirrored: false,
    filledShare: 1,
  };
  const policies = { calibration: uncalibrated, suppression: defaultSuppression };
  return { ...facts, ...policies, ...shape, tags, weights };
}

/** Lets a project have it as if it had been trained. Returns the iteration. */
export async function placeDetector(
  { settings }: Backend,
  { storage }: Pick<TestServer, 'storage'>,
  projectId: string,
  model: DetectorModel,
): Promise<string> {
  const database = await openDatabase(loadConfig(settings).database, entities, []);
  const iterationId = await completedIteration(database, projectId);
  await database.close();
  await storage.put(keys.model(iterationId), writeModelPackage(model));
  return iterationId;
}
