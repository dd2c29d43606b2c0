import { backboneGraph } from './backbones/backbone-graph.ts';
import { backbones } from './backbones/registry.ts';
import { isOfTail } from './detection/detector-package.ts';
import { viewVersion } from './detection/views.ts';
import { featureVersion } from './features.ts';
import type { Model } from './model-package.ts';
import type { Weights } from './trainer/network.ts';

/** A model that this version cannot predict with, though its package is whole. */
export class UnusableModel extends Error {
  constructor(reason: string) {
    super(`This version cannot use the model: ${reason}. Train again.`);
    this.name = 'UnusableModel';
  }
}

/** What the package alone does not tell. @throws UnusableModel */
export async function checkUsable(model: Model): Promise<void> {
  const [made, own] =
    model.kind === 'DETECTION' ? [model.viewVersion, viewVersion] : [model.featureVersion, featureVersion];
  if (made !== own) throw new UnusableModel(`it was trained by ${made}, and this version works by ${own}`);
  if (model.kind === 'DETECTION' && model.backbone !== 'efficientnet-lite0')
    throw new UnusableModel(`detectors are not made with ${model.backbone}`);
  const tail = model.kind === 'DETECTION' ? new Map([...model.weights].filter(([name]) => isOfTail(name))) : model.tail;
  if (tail && (model.kind !== 'DETECTION' || tail.size > 0)) await checkTail(tail, model.backbone);
}

/** All weights that the backbone has from stride 8 on, and no others. */
async function checkTail(tail: Weights, backbone: Model['backbone']): Promise<void> {
  const { weights } = await backboneGraph(backbones[backbone]);
  for (const name of tail.keys()) if (!weights.has(name)) throw new UnusableModel(`${backbone} has no ${name}`);
  for (const [name, { length }] of weights) {
    const has = tail.get(name)?.length ?? 0;
    if (has !== length) throw new UnusableModel(`${name} has ${has} numbers instead of ${length}`);
  }
}
