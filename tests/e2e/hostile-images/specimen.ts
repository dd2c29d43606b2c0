/** One file to send in. What is `EITHER` may be accepted or refused, as long as the answer is one of the two. */
export interface HostileImage {
  /** File name with the extension that the file claims, unique among all. */
  name: string;
  bytes: Buffer;
  expectation: 'ACCEPTED' | 'REFUSED' | 'EITHER';
}

/** Files by name, and what to expect of all of them. */
export function specimens(expectation: HostileImage['expectation'], files: Record<string, Uint8Array>): HostileImage[] {
  return Object.entries(files).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes), expectation }));
}
