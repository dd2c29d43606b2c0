import { backbones, type BackboneName } from './backbones/registry.ts';

/** A tag as the model knows it. */
export interface ModelTag {
  id: string;
  name: string;
  type: 'REGULAR' | 'NEGATIVE';
}

/** What the headers of all model packages have; read from a file, so each part is checked. */
export type PackageHeader = Record<string, unknown>;

/** The backbone, which must be the very file that the model was made with. */
export function backboneOf({ backbone, backboneSha256 }: PackageHeader): BackboneName {
  if (typeof backbone !== 'string' || !Object.hasOwn(backbones, backbone))
    throw invalidPackage('its backbone is unknown');
  const name = backbone as BackboneName;
  if (backboneSha256 !== backbones[name].sha256) throw invalidPackage('it was made with other backbone weights');
  return name;
}

export function tagsOf({ tags }: PackageHeader): ModelTag[] {
  if (!Array.isArray(tags) || tags.length === 0 || !tags.every(isTag)) throw invalidPackage('tags are wrong');
  return tags;
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isShare(value: unknown): value is number {
  return isNumber(value) && value >= 0 && value <= 1;
}

function isTag(value: unknown): value is ModelTag {
  if (typeof value !== 'object' || value === null) return false;
  const tag = value as Record<string, unknown>;
  const knownType = tag['type'] === 'REGULAR' || tag['type'] === 'NEGATIVE';
  return typeof tag['id'] === 'string' && typeof tag['name'] === 'string' && knownType;
}

export function invalidPackage(reason: string): Error {
  return new Error(`This is not a valid model package: ${reason}.`);
}
