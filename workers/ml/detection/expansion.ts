import { backbones, type BackboneName } from '../backbones/registry.ts';
import { backboneGraph } from '../backbones/backbone-graph.ts';
import type { Weights } from '../trainer/network.ts';

/** The layers of the backbone that the head looks at its maps through, by the names that the head gives them. */
export const expansionSources = { expand8: 'block5.expand', expand16: 'block11.expand', expand32: 'head' } as const;

/** Whether these are of a detector whose backbone learned from stride 8 on: they hold that part too, by the names of the backbone's file. */
export function isTuned(weights: Weights): boolean {
  return weights.has(`${expansionSources.expand8}.weight`);
}

/** Weights of the frozen expansions, from the backbone's own file. */
export async function expansionWeights(backbone: BackboneName): Promise<Weights> {
  const { weights } = await backboneGraph(backbones[backbone]);
  return new Map(
    Object.entries(expansionSources).flatMap(([name, source]) =>
      ['weight', 'bias'].map((part): [string, Float32Array] => {
        const values = weights.get(`${source}.${part}`);
        if (!values) throw new Error(`${backbone} has no ${source}.${part}.`);
        return [`${name}.${part}`, values];
      }),
    ),
  );
}
