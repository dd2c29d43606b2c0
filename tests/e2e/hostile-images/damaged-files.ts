import { seededRandom } from '../../../workers/ml/random.ts';
import { formats, type Originals } from './photographs.ts';
import { specimens, type HostileImage } from './specimen.ts';

/** Cut off early, nothing useful is there; cut off at the very end, a decoder may be content. */
export function truncatedFiles(files: Originals): HostileImage[] {
  const cut = (percent: number) =>
    Object.fromEntries(
      formats.map((format) => {
        const bytes = files[format];
        return [`cut-at-${percent}-percent.${format}`, bytes.subarray(0, Math.floor((bytes.length * percent) / 100))];
      }),
    );
  return [...specimens('REFUSED', { ...cut(30), ...cut(70) }), ...specimens('EITHER', cut(99))];
}

/** `count` copies with a few bits turned over: in the header, where sizes and offsets stand, and anywhere. */
export function flippedFiles(files: Originals, count: number): HostileImage[] {
  const all = Array.from({ length: count }, (_, i) => {
    const format = formats[i % formats.length] ?? 'jpg';
    return [`flipped-${i}.${format}`, flipped(files[format], i)] as const;
  });
  return specimens('EITHER', Object.fromEntries(all));
}

function flipped(bytes: Buffer, seed: number): Buffer {
  const next = seededRandom(1000 + seed);
  const copy = Buffer.from(bytes);
  const reach = seed % 2 === 0 ? Math.min(200, copy.length) : copy.length;
  for (let i = 0; i < 1 + (seed % 9); i++) {
    // The first bytes decide the format; turned over, the file would only be foreign.
    const at = 12 + Math.floor(next() * (reach - 12));
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << Math.floor(next() * 8)), at);
  }
  return copy;
}
