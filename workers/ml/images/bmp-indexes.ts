/** Where a bitmap with a colour table has what, as its header says. */
export interface IndexedBitmap {
  width: number;
  height: number;
  isTopDown: boolean;
  /** 4 bits a pixel, else 8. */
  isNibbles: boolean;
  isPacked: boolean;
  /** Blue, green, red and nothing, colour by colour. */
  table: Buffer;
  pixels: Buffer;
}

/**
 * Colours of a bitmap of 4 bits a pixel, or of one packed by run lengths, as RGB: bmp-ts decodes those of odd width, and most
 * packed ones, to other pixels.
 * @throws Error when the pixels are cut off
 */
export function decodeIndexed(bitmap: IndexedBitmap): Buffer {
  const { width, height, isTopDown, table } = bitmap;
  const indexes = bitmap.isPacked ? unpacked(bitmap) : rowsOf(bitmap);
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = (isTopDown ? y : height - 1 - y) * width;
    for (let x = 0; x < width; x++) {
      const colour = (indexes[from + x] as number) * 4;
      for (let c = 0; c < 3; c++) rgb[(y * width + x) * 3 + c] = table[colour + 2 - c] ?? 0;
    }
  }
  return rgb;
}

/** Row by row as stored, each in a multiple of four bytes. */
function rowsOf({ width, height, isNibbles, pixels }: IndexedBitmap): Uint8Array {
  const indexes = new Uint8Array(width * height);
  const stride = Math.ceil((width * (isNibbles ? 4 : 8)) / 32) * 4;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) indexes[y * width + x] = indexAt(pixels.subarray(y * stride), x, isNibbles);
  return indexes;
}

function indexAt(bytes: Uint8Array, place: number, isNibbles: boolean): number {
  if (!isNibbles) return bytes[place] ?? 0;
  const byte = bytes[place >> 1] ?? 0;
  return place % 2 ? byte & 15 : byte >> 4;
}

/** What stands behind a zero, in place of a number of pixels; more is a number of pixels that follow one by one. */
const [endOfRow, endOfBitmap, move] = [0, 1, 2] as const;

/** Run lengths: a number of pixels and the indexes that they take in turn. What is passed over has the first colour. */
function unpacked({ width, height, isNibbles, pixels }: IndexedBitmap): Uint8Array {
  const indexes = new Uint8Array(width * height);
  let [x, y, at] = [0, 0, 0];
  const put = (count: number, indexOf: (i: number) => number): void => {
    for (let i = 0; i < count; i++, x++) if (x < width && y < height) indexes[y * width + x] = indexOf(i);
  };
  while (at + 1 < pixels.length) {
    const [count, value] = [pixels[at] as number, pixels[at + 1] as number];
    at += 2;
    const pair = isNibbles ? ([value >> 4, value & 15] as const) : ([value, value] as const);
    if (count > 0) put(count, (i) => pair[i % 2 ? 1 : 0]);
    else if (value === endOfBitmap) return indexes;
    else if (value === endOfRow) [x, y] = [0, y + 1];
    else if (value === move) {
      [x, y] = [x + (pixels[at] ?? 0), y + (pixels[at + 1] ?? 0)];
      at += 2;
    } else {
      const own = pixels.subarray(at);
      put(value, (i) => indexAt(own, i, isNibbles));
      at += Math.ceil((isNibbles ? value / 2 : value) / 2) * 2;
    }
  }
  if (at > pixels.length || y * width + x < width * height) throw new Error('its pixels are cut off');
  return indexes;
}
