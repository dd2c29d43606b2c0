import { encode } from 'bmp-ts';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  toRaster,
  toRasterForSquares,
  hammingDistance,
  inspectImage,
  perceptualHash,
  renderJpeg,
  toSquares,
  type Squares,
} from '../../../workers/ml/images/image.ts';
import { scanBomb } from '../../e2e/hostile-images/jpeg-parts.ts';
import { pngHeader } from '../../png-header.ts';

const limits = { maxBytes: 6e6, maxEdgePixels: 10_000, maxAspectRatio: 20, maxMegapixels: 40 };

/** A picture with a red left and a blue right half. */
function halves(width = 40, height = 20): Sharp {
  const raw = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) raw[i * 3 + (i % width < width / 2 ? 0 : 2)] = 255;
  return sharp(raw, { raw: { width, height, channels: 3 } });
}

function noise(side: number): Sharp {
  const raw = Buffer.from(Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7919 + ((i * i) % 251)) % 256));
  return sharp(raw, { raw: { width: side, height: side, channels: 3 } });
}

async function squaresOf(bytes: Uint8Array, side: number): Promise<Squares> {
  return toSquares(await toRasterForSquares(bytes, side), side);
}

function refusal(bytes: Uint8Array, own = limits): Promise<unknown> {
  return inspectImage(bytes, own).then(
    () => 'accepted',
    (error: { code?: string }) => error.code ?? error,
  );
}

function bmp(width: number, height: number, data: Buffer, bitPP = 24): Buffer {
  return encode({ data, width, height, bitPP }).data;
}

describe('the raster that views are drawn from', () => {
  const rasterOf = async (picture: Sharp) => {
    const { rgb, width, height } = await toRaster(await picture.png().toBuffer(), 64, 40);
    expect(rgb).toHaveLength(width * height * 3);
    return [width, height];
  };

  it('has the proportions of the picture where both sides are long enough so', async () => {
    expect(await rasterOf(halves(160, 100))).toEqual([64, 40]);
    expect(await rasterOf(halves(30, 20))).toEqual([30, 20]);
  });

  it('has as many rows and columns as a view needs, if the picture has', async () => {
    expect(await rasterOf(halves(640, 100))).toEqual([64, 40]);
    expect(await rasterOf(halves(640, 30))).toEqual([64, 30]);
    const upright = await halves(640, 100).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await toRaster(upright, 64, 40)).toMatchObject({ width: 40, height: 64 });
  });
});

describe('inspectImage', () => {
  it.each(['jpeg', 'png', 'gif', 'webp', 'avif'] as const)('accepts %s', async (format) => {
    const bytes = await halves().toFormat(format).toBuffer();
    expect(await inspectImage(bytes, limits)).toEqual({ format, width: 40, height: 20 });
  });

  it('turns sizes upright and ignores an invalid orientation', async () => {
    const turned = await halves().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await inspectImage(turned, limits)).toEqual({ format: 'jpeg', width: 20, height: 40 });
    const orientation = turned.indexOf(Buffer.from([0x12, 0x01]));
    const at = orientation >= 0 ? orientation : turned.indexOf(Buffer.from([0x01, 0x12]));
    turned.fill(0, at + 8, at + 10);
    expect(await inspectImage(turned, limits)).toEqual({ format: 'jpeg', width: 40, height: 20 });
    expect((await squaresOf(turned, 4)).whole[0]).toBeGreaterThan(200);
  });

  it('refuses empty, too large and foreign files', async () => {
    expect(await refusal(new Uint8Array())).toBe('EMPTY');
    expect(await refusal(await noise(50).png().toBuffer(), { ...limits, maxBytes: 100 })).toBe('TOO_LARGE');
    const foreign = ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'PK\x03\x04zip', '%PDF-1.7', 'II*\0tiff', 'hello'];
    for (const text of foreign) expect(await refusal(Buffer.from(text, 'latin1'))).toBe('UNSUPPORTED_FORMAT');
    expect(await refusal(await halves().tiff().toBuffer())).toBe('UNSUPPORTED_FORMAT');
  });

  it.each([
    ['%PDF-1.7', 'The file is a PDF document, not a JPEG, PNG, BMP, GIF, WebP or AVIF image.'],
    ['/9j/4AAQSkZJRg==\n', 'The file is text, not a JPEG, PNG, BMP, GIF, WebP or AVIF image.'],
    ['\x00\x01\x02', 'The file is not a JPEG, PNG, BMP, GIF, WebP or AVIF image.'],
  ])('says what a foreign file is where its first bytes tell: %j', async (text, message) => {
    await expect(inspectImage(Buffer.from(text, 'latin1'), limits)).rejects.toThrow(message);
  });

  it('refuses hostile sizes by their header', async () => {
    expect(await refusal(pngHeader(50_000, 50_000))).toBe('EDGE_TOO_LONG');
    expect(await refusal(pngHeader(9_000, 9_000))).toBe('TOO_MANY_PIXELS');
    expect(await refusal(pngHeader(9_000, 10))).toBe('ASPECT_TOO_EXTREME');
    const big = bmp(2, 2, Buffer.alloc(16));
    big.writeInt32LE(2_000_000_000, 18);
    expect(['UNREADABLE', 'EDGE_TOO_LONG']).toContain(await refusal(big));
  });

  it.each(['jpeg', 'png', 'gif', 'webp'] as const)('refuses a truncated %s', async (format) => {
    const bytes = await noise(120).toFormat(format).toBuffer();
    expect(await refusal(bytes.subarray(0, Math.floor(bytes.length / 2)))).toBe('UNREADABLE');
    expect(await refusal(bytes.subarray(0, 30))).toBe('UNREADABLE');
  });

  it('refuses a truncated bitmap', async () => {
    const bytes = bmp(10, 10, Buffer.alloc(400));
    expect(await refusal(bytes)).toBe('accepted');
    expect(await refusal(bytes.subarray(0, 200))).toBe('UNREADABLE');
  });
});

describe('decoding', () => {
  it('squashes upright pictures', async () => {
    const turned = await halves().withMetadata({ orientation: 3 }).png().toBuffer();
    const rgb = (await squaresOf(turned, 8)).whole;
    expect(rgb).toHaveLength(192);
    expect([...rgb.subarray(0, 3)]).toEqual([0, 0, 255]);
  });

  it('reads CMYK, 16 bit, grey and transparent pictures as 8-bit RGB', async () => {
    const cmyk = await halves().toColourspace('cmyk').jpeg().toBuffer();
    const [r, , b] = (await squaresOf(cmyk, 4)).whole;
    expect(r).toBeGreaterThan(150);
    expect(b).toBeLessThan(110);
    const deep = await sharp(await halves().png().toBuffer())
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect([...(await squaresOf(deep, 4)).whole.subarray(0, 3)]).toEqual([255, 0, 0]);
    const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#808080' } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect([...(await squaresOf(grey, 2)).whole.subarray(0, 3)]).toEqual([128, 128, 128]);
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const empty = await sharp({ create: { width: 9, height: 9, channels: 4, background: clear } })
      .png()
      .toBuffer();
    expect([...(await squaresOf(empty, 2)).whole.subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it('accepts a JPEG with a video behind it, and refuses one of more scans than any camera makes', async () => {
    const jpeg = await halves().jpeg({ progressive: true }).toBuffer();
    const video = Buffer.alloc(1000, Buffer.from([0xff, 0xda]));
    expect(await refusal(Buffer.concat([jpeg, video]))).toBe('accepted');
    expect(await refusal(scanBomb(16, 90))).toBe('accepted');
    await expect(inspectImage(scanBomb(16, 120), limits)).rejects.toThrow('more than 100 scans');
    // A scan behind garbage and padding is one too: the decoder looks for the next marker.
    const [end, scan] = [jpeg.length - 2, Buffer.from([0x17, 0xff, 0xff, 0xda, 0, 2])];
    const hidden = Buffer.concat([jpeg.subarray(0, end), ...new Array<Buffer>(101).fill(scan), jpeg.subarray(end)]);
    await expect(inspectImage(hidden, limits)).rejects.toThrow('more than 100 scans');
  });

  it('takes the first frame of a moving picture', async () => {
    const raw = Buffer.concat([Buffer.alloc(300, 0), Buffer.alloc(300, 255)]);
    const frames = sharp(raw, { raw: { width: 10, height: 20, channels: 3, pageHeight: 10 } });
    const bytes = await frames.gif().toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    expect(await inspectImage(bytes, limits)).toEqual({ format: 'gif', width: 10, height: 10 });
    expect([...(await squaresOf(bytes, 2)).whole.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it('reads bitmaps, also with a gap before the pixels', async () => {
    const abgr = Buffer.alloc(16 * 16 * 4);
    for (let i = 0; i < 256; i++) abgr.set([255, 10, 20, 200], i * 4);
    const bytes = bmp(16, 16, abgr);
    expect(await inspectImage(bytes, limits)).toEqual({ format: 'bmp', width: 16, height: 16 });
    expect([...(await squaresOf(bytes, 2)).whole.subarray(0, 3)]).toEqual([200, 20, 10]);
    const gap = Buffer.concat([bytes.subarray(0, 54), Buffer.alloc(10, 77), bytes.subarray(54)]);
    gap.writeUInt32LE(64, 10);
    expect([...(await squaresOf(gap, 2)).whole.subarray(0, 3)]).toEqual([200, 20, 10]);
  });

  describe('bitmaps with a colour table', () => {
    const colours = {
      R: [255, 0, 0],
      G: [0, 255, 0],
      B: [0, 0, 255],
      W: [255, 255, 255],
      K: [0, 0, 0],
      Y: [255, 255, 0],
    };
    const table = Buffer.from(Object.values(colours).flatMap(([r = 0, g = 0, b = 0]) => [b, g, r, 0]));
    /** Three pixels wide; indexes go by the order of the colours above. */
    const indexed = (depth: number, compression: number, height: number, pixels: number[]): Buffer => {
      const head = Buffer.alloc(54);
      head.write('BM');
      head.writeUInt32LE(head.length + table.length, 10);
      head.writeUInt32LE(40, 14);
      head.writeInt32LE(3, 18);
      head.writeInt32LE(height, 22);
      head.writeUInt16LE(depth, 28);
      head.writeUInt32LE(compression, 30);
      head.writeUInt32LE(table.length / 4, 46);
      return Buffer.concat([head, table, Buffer.from(pixels)]);
    };
    const said = async (bytes: Buffer): Promise<string> => {
      const { rgb } = await toRaster(bytes, 64, 0);
      const names = Object.entries(colours).map(([name, own]) => [own.join(), name] as const);
      const places = Array.from({ length: rgb.length / 3 }, (_, i) => rgb.subarray(3 * i, 3 * i + 3).join());
      return places.map((own) => new Map(names).get(own) ?? '?').join('');
    };

    it.each([
      ['4 bits, odd width', 4, 0, 2, [0x34, 0x50, 0, 0, 0x01, 0x20, 0, 0]],
      ['4 bits from the top', 4, 0, -2, [0x01, 0x20, 0, 0, 0x34, 0x50, 0, 0]],
      ['4 bits, the last row without padding', 4, 0, 2, [0x34, 0x50, 0, 0, 0x01, 0x20]],
      ['8 bits in runs', 8, 1, 2, [1, 3, 1, 4, 1, 5, 0, 0, 1, 0, 1, 1, 1, 2, 0, 0, 0, 1]],
      ['8 bits one by one', 8, 1, 2, [0, 3, 3, 4, 5, 0, 0, 0, 0, 3, 0, 1, 2, 0, 0, 1]],
      ['8 bits with a move', 8, 1, 2, [1, 3, 1, 4, 1, 5, 0, 0, 0, 2, 1, 0, 1, 1, 1, 2, 0, 1]],
      ['4 bits in runs', 4, 2, 2, [2, 0x34, 1, 0x50, 0, 0, 2, 0x01, 1, 0x20, 0, 1]],
      ['4 bits one by one', 4, 2, 2, [0, 3, 0x34, 0x50, 0, 0, 0, 3, 0x01, 0x20, 0, 1]],
    ])('are read pixel by pixel: %s', async (_, depth, compression, height, pixels) => {
      expect(await said(indexed(depth, compression, height, pixels))).toBe('RGBWKY');
    });

    it('are refused when runs are cut off or of another depth', async () => {
      const cut = indexed(8, 1, 2, [1, 3, 1, 4, 1, 5, 0, 0, 1, 0]);
      await expect(inspectImage(cut, limits)).rejects.toThrow('its pixels are cut off');
      await expect(inspectImage(indexed(8, 2, 2, [0, 1]), limits)).rejects.toThrow('is not for 8 bits');
    });

    it('are written beyond their edges nowhere', async () => {
      expect(await said(indexed(8, 1, 1, [255, 3, 0, 0, 255, 4, 0, 2, 9, 9, 5, 5, 0, 1]))).toBe('WWW');
    });
  });

  it('renders small JPEGs', async () => {
    const facts = await sharp(await renderJpeg(await noise(200).png().toBuffer(), 64)).metadata();
    expect([facts.format, facts.width]).toEqual(['jpeg', 64]);
  });

  it('gives near-duplicates near hashes', async () => {
    const picture = await noise(9).resize(180, 160, { fit: 'fill', kernel: 'cubic' }).png().toBuffer();
    const a = await perceptualHash(picture);
    expect(a).toMatch(/^[0-9a-f]{16}$/);
    const smaller = await sharp(picture).resize(120).jpeg({ quality: 90 }).toBuffer();
    expect(hammingDistance(a, await perceptualHash(smaller))).toBeLessThanOrEqual(6);
    expect(hammingDistance('00000000000000ff', 'f0000000000000f0')).toBe(8);
  });
});
