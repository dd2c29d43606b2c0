import sharp, { type ResizeOptions, type Sharp } from 'sharp';
import { decodeBmp, readBmpHeader } from './bmp.ts';
import { checkDecodingCost } from './decoding-cost.ts';
import { describeUnknown, readFixedHeader, sniffFormat, type ImageFormat } from './image-format.ts';
import { ImageRefusal } from './image-refusal.ts';

export { ImageRefusal, type ImageRefusalCode } from './image-refusal.ts';
export { hammingDistance, perceptualHash } from './perceptual-hash.ts';

/** What an accepted picture may be at most. */
export interface ImageLimits {
  maxBytes: number;
  maxEdgePixels: number;
  /** Longer side / shorter side. */
  maxAspectRatio: number;
  /** Millions of pixels of the stored picture (one frame). */
  maxMegapixels: number;
}

/** What is known about an accepted picture; width and height in pixels, turned upright. */
export interface ImageFacts {
  format: ImageFormat;
  width: number;
  height: number;
}

/** Most pixels that are ever decoded (16383 x 16383), whatever the caller checked before. */
const hardPixelLimit = 268_402_689;

/**
 * Checks a picture that was sent in: known format by its first bytes, sizes within the limits by its header, and only
 * then readable to its last byte.
 * @throws ImageRefusal
 */
export async function inspectImage(bytes: Uint8Array, limits: ImageLimits): Promise<ImageFacts> {
  const facts = await inspectHeader(bytes, limits);
  await decodeFully(bytes, facts.format);
  return facts;
}

/**
 * The same without reading the pixels, for a picture that is decoded right afterwards anyway: damage shows then.
 * @throws ImageRefusal
 */
export async function inspectHeader(bytes: Uint8Array, limits: ImageLimits): Promise<ImageFacts> {
  if (bytes.byteLength === 0) throw new ImageRefusal('EMPTY', 'The image is empty (0 bytes).', { bytes: 0 });
  if (bytes.byteLength > limits.maxBytes) {
    const details = { bytes: bytes.byteLength, maxBytes: limits.maxBytes };
    throw new ImageRefusal(
      'TOO_LARGE',
      `The image has ${details.bytes} bytes; the limit is ${details.maxBytes}.`,
      details,
    );
  }
  const format = acceptedFormat(bytes);
  // A hostile size is refused from the fixed header, before any decoder sees the file.
  const fixed = format === 'bmp' ? readBmpHeader(bytes) : readFixedHeader(bytes, format);
  if (fixed) checkSize(fixed.width, fixed.height, limits);
  checkDecodingCost(bytes, format);
  const facts = format === 'bmp' ? { format, ...sizeOf(readBmpHeader(bytes)) } : await readHeader(bytes, format);
  checkSize(facts.width, facts.height, limits);
  return facts;
}

function acceptedFormat(bytes: Uint8Array): ImageFormat {
  const format = sniffFormat(bytes);
  if (format) return format;
  const looksLike = describeUnknown(bytes);
  const rule = 'not a JPEG, PNG, BMP, GIF, WebP or AVIF image';
  if (looksLike === undefined) throw new ImageRefusal('UNSUPPORTED_FORMAT', `The file is ${rule}.`);
  throw new ImageRefusal('UNSUPPORTED_FORMAT', `The file is ${looksLike}, ${rule}.`, { looksLike });
}

function sizeOf(header: { width: number; height: number }): { width: number; height: number } {
  return { width: header.width, height: header.height };
}

async function readHeader(bytes: Uint8Array, format: ImageFormat): Promise<ImageFacts> {
  try {
    const { width, height, orientation } = await sharp(bytes, { limitInputPixels: false }).metadata();
    // EXIF orientations 5 to 8 are quarter turns; anything outside 1 to 8 means nothing.
    const turned = orientation !== undefined && orientation >= 5 && orientation <= 8;
    return turned ? { format, width: height, height: width } : { format, width, height };
  } catch (error) {
    throw unreadable(format, error);
  }
}

function checkSize(width: number, height: number, limits: ImageLimits): void {
  const size = `${width} x ${height} pixels`;
  const edge = Math.max(width, height);
  if (edge > limits.maxEdgePixels) {
    const details = { width, height, maxEdgePixels: limits.maxEdgePixels };
    throw new ImageRefusal(
      'EDGE_TOO_LONG',
      `The image has ${size}; an edge may have at most ${limits.maxEdgePixels} pixels.`,
      details,
    );
  }
  const megapixels = (width * height) / 1e6;
  if (megapixels > limits.maxMegapixels) {
    const details = { width, height, megapixels, maxMegapixels: limits.maxMegapixels };
    const message = `The image has ${size} (${megapixels.toFixed(1)} megapixels); the limit is ${limits.maxMegapixels}.`;
    throw new ImageRefusal('TOO_MANY_PIXELS', message, details);
  }
  const aspectRatio = edge / Math.max(1, Math.min(width, height));
  if (aspectRatio > limits.maxAspectRatio) {
    const details = { width, height, aspectRatio, maxAspectRatio: limits.maxAspectRatio };
    const message = `The image has ${size}, an aspect ratio of ${aspectRatio.toFixed(1)}; the limit is ${limits.maxAspectRatio}.`;
    throw new ImageRefusal('ASPECT_TOO_EXTREME', message, details);
  }
}

/** Reads every pixel, streaming into a tiny picture, so that damage is found now and not in the middle of a training. */
async function decodeFully(bytes: Uint8Array, format: ImageFormat): Promise<void> {
  try {
    await decodeUpright(bytes).resize(8, 8, { fit: 'fill', kernel: 'nearest' }).raw().toBuffer();
  } catch (error) {
    throw error instanceof ImageRefusal ? error : unreadable(format, error);
  }
}

function unreadable(format: ImageFormat, error: unknown): ImageRefusal {
  const reason = error instanceof Error ? error.message : String(error);
  return new ImageRefusal('UNREADABLE', `The ${format.toUpperCase()} image cannot be read: ${reason}`, {
    format,
    reason,
  });
}

/**
 * A pipeline that yields the picture upright, in sRGB with 8 bits, three channels, alpha laid on white. Of a moving
 * picture it is the first frame.
 * @throws ImageRefusal for a bitmap that cannot be decoded or an unaccepted format
 */
export function decodeUpright(bytes: Uint8Array): Sharp {
  if (acceptedFormat(bytes) === 'bmp') {
    const { rgb, width, height } = decodeBmp(bytes);
    return sharp(rgb, { raw: { width, height, channels: 3 } });
  }
  return sharp(bytes, { failOn: 'error', limitInputPixels: hardPixelLimit, sequentialRead: true })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
}

/** RGB bytes, row by row. */
export interface Raster {
  rgb: Uint8Array;
  width: number;
  height: number;
}

/**
 * The upright picture, its longer side at most `maxEdge` pixels (never enlarged). A side that would have less than `leastEdge`
 * so, as of a panorama, has that many, or all of its own: the proportions are then others.
 * @throws ImageRefusal for a damaged picture
 */
export async function toRaster(bytes: Uint8Array, maxEdge: number, leastEdge: number): Promise<Raster> {
  const format = acceptedFormat(bytes);
  const { width, height } = format === 'bmp' ? readBmpHeader(bytes) : await readHeader(bytes, format);
  const scale = Math.min(1, maxEdge / Math.max(width, height));
  const inside = (length: number): number => Math.round(length * scale);
  const atLeast = (length: number): number => Math.max(inside(length), Math.min(length, leastEdge));
  const [columns, rows] = [atLeast(width), atLeast(height)];
  const suffices = columns === inside(width) && rows === inside(height);
  return suffices
    ? decodeRaster(bytes, { width: maxEdge, height: maxEdge, fit: 'inside', withoutEnlargement: true })
    : decodeRaster(bytes, { width: columns, height: rows, fit: 'fill' });
}

/**
 * The upright picture, its shorter side at most twice that of the squares that are cut from it: decoding once more for each
 * would cost more than all else.
 * @throws ImageRefusal for a damaged picture
 */
export function toRasterForSquares(bytes: Uint8Array, side: number): Promise<Raster> {
  const size = { width: 2 * side, height: 2 * side };
  return decodeRaster(bytes, { ...size, fit: 'outside', withoutEnlargement: true, kernel: 'lanczos3' });
}

async function decodeRaster(bytes: Uint8Array, how: ResizeOptions): Promise<Raster> {
  const { data, info } = await decodeUpright(bytes)
    .resize(how)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw unreadable(acceptedFormat(bytes), error);
    });
  if (info.channels !== 3) throw new TypeError(`Decoded ${info.channels} channels instead of 3.`);
  return { rgb: data, width: info.width, height: info.height };
}

/** Two squares of one picture: [side * side * 3] RGB bytes each, row by row. */
export interface Squares {
  /** All of it, squashed. */
  whole: Uint8Array;
  /** The middle, in its own proportions. */
  centre: Uint8Array;
}

export async function toSquares(raster: Raster, side: number): Promise<Squares> {
  const square = (how: 'fill' | 'cover'): Promise<Uint8Array> =>
    pixelsOf(raster).resize(side, side, { fit: how, kernel: 'lanczos3' }).raw().toBuffer();
  const [whole, centre] = await Promise.all([square('fill'), square('cover')]);
  return { whole, centre };
}

/** A part of a picture in whole pixels. */
export interface PixelRegion {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The part squashed into a square: [side * side * 3] RGB bytes, row by row. */
export function cropToSquare(raster: Raster, region: PixelRegion, side: number): Promise<Uint8Array> {
  return pixelsOf(raster).extract(region).resize(side, side, { fit: 'fill', kernel: 'lanczos3' }).raw().toBuffer();
}

function pixelsOf({ rgb, width, height }: Raster): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** The upright picture as a JPEG without metadata; the longer side is at most `maxEdge` pixels (never enlarged). */
export async function renderJpeg(bytes: Uint8Array, maxEdge: number): Promise<Buffer> {
  return decodeUpright(bytes)
    .resize(maxEdge, maxEdge, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85 })
    .toBuffer();
}
