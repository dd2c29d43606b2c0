import { expect, test } from 'vitest';
import { importThroughKills } from '../../bench/import-azure.ts';

const images = 150;

test.each(['CLASSIFICATION', 'DETECTION'] as const)(
  'an import of a %s project from another server goes on after three kills, doubles nothing and ends verified',
  async (kind) => {
    const { report, killedAt, imageCount, nameCount, throttled } = await importThroughKills({ kind, images, kills: 3 });
    expect(report).toMatchObject({
      isVerified: true,
      counts: { listed: images, same: images, targetImages: images, sourceUntagged: images / 10 },
      differences: [],
      target: { kind },
    });
    // Each run was killed on its way, and the last one left alone what the others had done.
    expect(killedAt.every((count) => count < images)).toBe(true);
    expect(report.pictures.present).toBeGreaterThanOrEqual(killedAt.at(-1) ?? images);
    const { added, present, merged } = report.pictures;
    expect(added + present + merged).toBe(images);
    expect([imageCount, nameCount]).toEqual([images, images]);
    expect(throttled).toBeGreaterThan(2);
  },
);
