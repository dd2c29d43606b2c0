import { renderSamples, signTags } from '../../../../samples/render.ts';
import { backbones } from '../../../../workers/ml/backbones/registry.ts';
import { openTrunk } from '../../../../workers/ml/fine-tuning/trunk.ts';
import { stageViews } from '../../../../workers/ml/fine-tuning/views.ts';

export interface StagedPictures {
  packs: Buffer[];
  targets: number[][];
  originals: Buffer[];
}

/** Rendered signs as fine-tuning sees them. */
export async function stagePictures(options: {
  perTag: number;
  tags: number;
  augmentedViews: number;
}): Promise<StagedPictures> {
  const trunk = await openTrunk(backbones['efficientnet-lite0']);
  const staged: StagedPictures = { packs: [], targets: [], originals: [] };
  for await (const { tag, jpeg } of renderSamples({ perTag: options.perTag, size: 240 })) {
    const target = signTags.indexOf(tag);
    if (target >= options.tags) continue;
    staged.packs.push(await stageViews(trunk, jpeg, options, 1));
    staged.targets.push([target]);
    staged.originals.push(jpeg);
  }
  await trunk.release();
  return staged;
}
