import { openBackbone, type Backbone } from './backbones/backbone.ts';
import { backbones, type BackboneName } from './backbones/registry.ts';
import { openTrunk, type Trunk } from './fine-tuning/trunk.ts';
import { OnceEach } from './once-each.ts';

/** What all models of a backbone have in common; opened when the first one asks, with one thread. */
export class SharedSessions {
  private readonly backbones = new OnceEach((name: BackboneName) => openBackbone(backbones[name]));
  private readonly trunks = new OnceEach((name: BackboneName) => openTrunk(backbones[name]));

  backbone(name: BackboneName): Promise<Backbone> {
    return this.backbones.of(name);
  }

  /** The trunk that fine-tuned models of a backbone share. */
  trunk(name: BackboneName): Promise<Trunk> {
    return this.trunks.of(name);
  }

  async release(): Promise<void> {
    for (const open of [...(await this.backbones.all()), ...(await this.trunks.all())]) await open.release();
  }
}
