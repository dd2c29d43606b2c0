import { openBackbone, type Backbone } from './backbones/backbone.ts';
import { backbones, type BackboneName, type BackboneSpec } from './backbones/registry.ts';
import { openTrunk, type Trunk } from './fine-tuning/trunk.ts';

/** What all models of a backbone have in common; opened when the first one asks, with one thread. */
export class SharedSessions {
  private readonly backbones = new Map<BackboneName, Promise<Backbone>>();
  private readonly trunks = new Map<BackboneName, Promise<Trunk>>();

  backbone(name: BackboneName): Promise<Backbone> {
    return openedOnce(this.backbones, name, openBackbone);
  }

  /** Of fine-tuned models. */
  trunk(name: BackboneName): Promise<Trunk> {
    return openedOnce(this.trunks, name, openTrunk);
  }

  async release(): Promise<void> {
    for (const opened of [...this.backbones.values(), ...this.trunks.values()]) await (await opened).release();
  }
}

function openedOnce<T>(
  opened: Map<BackboneName, Promise<T>>,
  name: BackboneName,
  open: (spec: BackboneSpec) => Promise<T>,
): Promise<T> {
  const one = opened.get(name) ?? open(backbones[name]);
  opened.set(name, one);
  return one;
}
