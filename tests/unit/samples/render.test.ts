import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type RenderOptions, renderSamples, signTags, writeSamples } from '../../../samples/render.ts';

async function hashes(options: RenderOptions): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, jpeg } of renderSamples(options)) {
    found.set(name, createHash('sha256').update(jpeg).digest('hex'));
  }
  return found;
}

test('the same seed gives the same photographs, byte for byte', async () => {
  expect(await hashes({ perTag: 2, seed: 7 })).toEqual(await hashes({ perTag: 2, seed: 7 }));
});

test('another seed gives other photographs, and no two are alike', async () => {
  const all = [...(await hashes({ perTag: 2, seed: 7 })).values(), ...(await hashes({ perTag: 2, seed: 8 })).values()];
  expect(new Set(all).size).toBe(20);
});

test('asking for more leaves the earlier photographs as they were', async () => {
  const few = await hashes({ perTag: 1, seed: 3 });
  const more = await hashes({ perTag: 3, seed: 3 });
  for (const [name, hash] of few) expect(more.get(name)).toBe(hash);
});

test('each photograph is a JPEG of the size asked for, with a box inside it', async () => {
  for await (const { jpeg, tag, boxes } of renderSamples({ perTag: 4, seed: 5, size: 200 })) {
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 200, height: 200 });
    expect(boxes).toHaveLength(1);
    for (const box of boxes) {
      expect(box.tag).toBe(tag);
      expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0);
      expect(Math.min(box.width, box.height)).toBeGreaterThan(0.03);
      expect(Math.max(box.left + box.width, box.top + box.height)).toBeLessThanOrEqual(1 + 1e-9);
    }
  }
});

test('writes a folder for each tag and the boxes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-samples-'));
  try {
    expect(await writeSamples(folder, { perTag: 1, seed: 1 })).toBe(5);
    const boxes = JSON.parse(await readFile(join(folder, 'boxes.json'), 'utf8')) as Record<string, unknown>;
    for (const tag of signTags) {
      const [name] = await readdir(join(folder, tag));
      expect(boxes).toHaveProperty([`${tag}/${name}`]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
