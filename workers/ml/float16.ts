/** Half-precision numbers as their bits: what cached feature maps are stored as. Rounded to the nearest, ties to even. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] as number;
    halves[i] = ((value >>> 16) & 0x8000) | magnitude(value & 0x7fffffff);
  }
  return halves;
}

/** The same value without its sign. */
function magnitude(float: number): number {
  if (float > 0x7f800000) return 0x7e00; // not a number
  if (float >= 0x47800000) return 0x7c00; // 65536 and more: infinite
  // Below 2^-14 halves are multiples of 2^-24; above, the exponent moves from bias 127 to bias 15.
  if (float < 0x38800000) return roundToEven(subnormalUnits(float));
  return (float - 0x38000000 + 0xfff + ((float >>> 13) & 1)) >>> 13;
}

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

function subnormalUnits(bits: number): number {
  floatBits[0] = bits;
  return (float[0] as number) * 2 ** 24;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

export function fromFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, valueOf);
}

function valueOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
