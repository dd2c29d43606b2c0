import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import type { DetectionSnapshot } from '../../schema/contracts/training.ts';
import { PictureSet, renderViews, type TrainingPicture } from '../ml/detection/views.ts';
import { stageViews } from '../ml/fine-tuning/views.ts';
import type { ActivityDeps } from './deps.ts';
import type { Extraction, PlacedImage } from './extraction.ts';
import type { Originals } from './originals.ts';
import type { DetectorPlan, FineTunePlan } from './training-plan.ts';

interface ViewsInput<Plan> {
  iterationId: string;
  plan: Plan;
  seed: number;
  originals: Originals;
}

/** Views of each image as an object of its own, so that a worker that is lost loses only those under way. */
function storedViews(
  storage: Storage,
  iterationId: string,
  render: (placed: PlacedImage) => Promise<Buffer>,
): Extraction {
  const keyOf = ({ image }: PlacedImage): string => keys.views(iterationId, image.id);
  return {
    async listKept(images) {
      const isKept = await Promise.all(images.map((placed) => storage.exists(keyOf(placed))));
      return new Set(images.flatMap(({ image }, i) => (isKept[i] ? [image.id] : [])));
    },
    async extract(placed, signal) {
      const views = await render(placed);
      // A training that was cancelled meanwhile may have been cleaned up by now.
      signal.throwIfAborted();
      await storage.put(keyOf(placed), views);
    },
    finish: () => Promise.resolve(),
  };
}

/** What a detector is trained on. */
export function detectorViews(
  { storage, backbone }: ActivityDeps,
  { images }: DetectionSnapshot,
  { iterationId, plan: { recipe, folds }, seed, originals }: ViewsInput<DetectorPlan>,
): Extraction {
  const pictures = images.map((image, index): TrainingPicture => ({
    boxes: image.regions,
    fold: folds[index] as number,
    load: () => originals.load(image),
  }));
  const set = new PictureSet(pictures);
  return storedViews(storage, iterationId, async ({ image, index }) => {
    const own = { ...recipe, viewsPerImage: image.isTest ? 1 : recipe.viewsPerImage };
    return renderViews(await backbone(recipe.backbone), set, index, own, seed);
  });
}

/** What a backbone learns from. */
export function stagedViews(
  { storage, trunk }: ActivityDeps,
  { iterationId, plan: { recipe }, seed, originals }: ViewsInput<FineTunePlan>,
): Extraction {
  return storedViews(storage, iterationId, async ({ image }) => {
    const own = { augmentedViews: image.isTest ? 0 : recipe.augmentedViews };
    return stageViews(await trunk(recipe.backbone), await originals.load(image), own, seed);
  });
}
