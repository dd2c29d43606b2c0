/** Versions of Azure's API, oldest first; what the clients call differs by more than a number only between v3.0 and the rest. */
export const versions = {
  training: ['v3.0', 'v3.1', 'v3.2', 'v3.3', 'v3.4-preview'],
  prediction: ['v3.0', 'v3.1'],
} as const;

export type Api = keyof typeof versions;
export type Version = (typeof versions)[Api][number];

/** The versions that have an operation added in a given one. */
export function versionsSince(api: Api, since: Version = 'v3.0'): readonly Version[] {
  const known: readonly Version[] = versions[api];
  return known.slice(known.indexOf(since));
}
