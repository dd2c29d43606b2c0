/** A map of a backbone: [channels, side, side]. */
export interface FeatureMap {
  values: Float32Array;
  side: number;
}

/**
 * Maps of one picture as cells of one grid, [side * side, channels of all maps]. Every channel has mean 0 and, summed over the
 * channels of a map, variance 1, so that no map and no channel outweighs the others. Coarser maps are interpolated.
 */
export function gridCells(maps: readonly FeatureMap[], side: number): Float32Array {
  const channels = maps.map((map) => map.values.length / map.side ** 2);
  const width = channels.reduce((sum, count) => sum + count, 0);
  const cells = new Float32Array(side * side * width);
  let column = 0;
  maps.forEach((map, m) => {
    const corners = interpolationOf(map.side, side);
    for (let c = 0; c < (channels[m] ?? 0); c++, column++) {
      const { mean, deviation } = momentsOf(channelOf(map, c));
      const scale = 1 / (deviation * Math.sqrt(channels[m] ?? 1));
      fillColumn(cells, { column, width }, channelOf(map, c), corners, (value) => (value - mean) * scale);
    }
  });
  return cells;
}

/** How much the channels of a map vary over the picture: the mean of their standard deviations. */
export function spreadOf(map: FeatureMap): number {
  const count = map.values.length / map.side ** 2;
  let sum = 0;
  for (let c = 0; c < count; c++) sum += momentsOf(channelOf(map, c)).deviation;
  return sum / count;
}

const channelOf = ({ values, side }: FeatureMap, channel: number): Float32Array =>
  values.subarray(channel * side * side, (channel + 1) * side * side);

/** A channel that is the same everywhere says nothing: its deviation is told as 1, which leaves zeros. */
function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

/** For each cell the four values around it, and their shares: [cells * 4] each. */
interface Interpolation {
  at: Uint32Array;
  shares: Float32Array;
}

function interpolationOf(from: number, to: number): Interpolation {
  const along = Array.from({ length: to }, (_, i) => {
    const place = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const low = Math.floor(place);
    return { low, high: Math.min(from - 1, low + 1), share: place - low };
  });
  const pairs = along.flatMap((y) => along.map((x) => ({ y, x })));
  return {
    at: Uint32Array.from(
      pairs.flatMap(({ y, x }) => [y.low, y.high].flatMap((row) => [row * from + x.low, row * from + x.high])),
    ),
    shares: Float32Array.from(
      pairs.flatMap(({ y, x }) => [1 - y.share, y.share].flatMap((share) => [share * (1 - x.share), share * x.share])),
    ),
  };
}

function fillColumn(
  cells: Float32Array,
  { column, width }: { column: number; width: number },
  values: Float32Array,
  { at, shares }: Interpolation,
  normalised: (value: number) => number,
): void {
  for (let cell = 0; cell < at.length / 4; cell++) {
    let value = 0;
    for (let corner = 4 * cell; corner < 4 * cell + 4; corner++)
      value += (shares[corner] as number) * (values[at[corner] as number] as number);
    cells[cell * width + column] = normalised(value);
  }
}
