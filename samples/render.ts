import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box } from './geometry.ts';
import { farPhotograph, photograph } from './photograph.ts';
import { randomFrom } from './random.ts';
import { type SignTag, signTags } from './signs.ts';

export { signTags };

export interface RenderOptions {
  /** Photographs of each of the five signs. */
  perTag: number;
  /** The same seed gives the same bytes; asking for more never changes the earlier ones. */
  seed?: number;
  /** Side of the square photographs, in pixels. */
  size?: number;
}

export interface Sample {
  name: string;
  tag: SignTag;
  jpeg: Buffer;
  /** Fractions 0..1 of the photograph. */
  boxes: ({ tag: SignTag } & Box)[];
}

const concurrency = 4;

async function renderOne(tag: SignTag, index: number, seed: number, size: number): Promise<Sample> {
  const { jpeg, box } = await photograph(tag, size, randomFrom(`${seed}/${tag}/${index}`));
  return { name: `${tag}-${String(index + 1).padStart(4, '0')}.jpg`, tag, jpeg, boxes: [{ tag, ...box }] };
}

/** Yields the tags in turn, a few rendered ahead, always in the same order. */
export async function* renderSamples({ perTag, seed = 1, size = 320 }: RenderOptions): AsyncIterable<Sample> {
  const pending: Promise<Sample>[] = [];
  for (let index = 0; index < perTag; index += 1) {
    for (const tag of signTags) {
      const sample = renderOne(tag, index, seed, size);
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      sample.catch(() => undefined);
      pending.push(sample);
      if (pending.length >= concurrency) yield await (pending.shift() as Promise<Sample>);
    }
  }
  for (const sample of pending) yield await sample;
}

const farSigns = 9;

/** Photographs of many small signs; the same count, seed and size give the same bytes. */
export async function renderFarSigns(options: {
  count: number;
  seed: number;
  size: number;
}): Promise<Omit<Sample, 'tag'>[]> {
  const { count, seed, size } = options;
  const samples: Omit<Sample, 'tag'>[] = [];
  for (let index = 0; index < count; index += 1) {
    const random = randomFrom(`${seed}/far/${index}`);
    const tags = Array.from({ length: farSigns }, () => random.pick(signTags));
    const { jpeg, boxes } = await farPhotograph(tags, size, random);
    const tagged = boxes.map((box, i) => ({ tag: tags[i] as SignTag, ...box }));
    samples.push({ name: `far-${String(index + 1).padStart(4, '0')}.jpg`, jpeg, boxes: tagged });
  }
  return samples;
}

/** Writes `tag/name.jpg` for each sample and `boxes.json`, keyed by that path. Returns how many were written. */
export async function writeSamples(folder: string, options: RenderOptions): Promise<number> {
  const boxes: Record<string, Sample['boxes']> = {};
  for (const tag of signTags) await mkdir(join(folder, tag), { recursive: true });
  for await (const sample of renderSamples(options)) {
    await writeFile(join(folder, sample.tag, sample.name), sample.jpeg);
    boxes[`${sample.tag}/${sample.name}`] = sample.boxes;
  }
  await writeFile(join(folder, 'boxes.json'), `${JSON.stringify(boxes, null, 2)}\n`);
  return Object.keys(boxes).length;
}
