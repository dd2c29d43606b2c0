import type { Random } from './random.ts';

export const sceneKinds = ['road', 'foliage', 'street', 'night', 'dusk'] as const;
export type SceneKind = (typeof sceneKinds)[number];

const round = (value: number): number => Math.round(value * 10) / 10;
const hsl = (hue: number, saturation: number, lightness: number): string =>
  `hsl(${Math.round(hue)},${Math.round(saturation)}%,${Math.round(lightness)}%)`;
const rect = (x: number, y: number, width: number, height: number, fill: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`;
const times = (count: number, draw: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => draw(index)).join('');

function backdrop(size: number, top: string, bottom: string): string {
  return (
    `<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${top}"/>` +
    `<stop offset="1" stop-color="${bottom}"/></linearGradient></defs>${rect(0, 0, size, size, 'url(#sky)')}`
  );
}

function blobs(random: Random, size: number, count: number, fromY: number, toY: number, colour: () => string): string {
  return times(count, () => {
    const radius = random.between(size * 0.02, size * 0.12);
    const place = `cx="${round(random.between(0, size))}" cy="${round(random.between(fromY, toY))}"`;
    return `<ellipse ${place} rx="${round(radius)}" ry="${round(radius * random.between(0.5, 1.1))}" fill="${colour()}"/>`;
  });
}

function clouds(random: Random, size: number): string {
  const white = (): string => `hsla(210,20%,${random.integer(80, 97)}%,0.5)`;
  return blobs(random, size, random.integer(0, 9), 0, size * 0.4, white);
}

function roadway(random: Random, size: number, horizon: number, lightness: number): string {
  const vanish = random.between(0.2, 0.8) * size;
  const half = random.between(0.3, 0.9) * size;
  const base = `${round(vanish - half)},${size} ${round(vanish - 4)},${round(horizon)} ${round(vanish + 4)},${round(horizon)} ${round(vanish + half)},${size}`;
  const dash = `M${round(vanish)} ${round(horizon)}L${round(vanish + random.between(-30, 30))} ${size}`;
  const line = `<path d="${dash}" stroke="hsl(48,20%,75%)" stroke-width="3" stroke-dasharray="16 14"/>`;
  return `<polygon points="${base}" fill="${hsl(220, 6, lightness)}"/>${line}`;
}

function windows(random: Random, x: number, y: number, width: number, height: number, isNight: boolean): string {
  const step = random.between(14, 26);
  const columns = Math.floor(width / step);
  const rows = Math.floor(height / step);
  return times(columns * rows, (index) => {
    const isLit = isNight && random.chance(0.35);
    const glass = isLit
      ? hsl(random.between(30, 52), 80, random.between(50, 75))
      : hsl(215, 15, isNight ? 10 : random.between(22, 65));
    return rect(
      x + 4 + (index % columns) * step,
      y + 5 + Math.floor(index / columns) * step,
      step * 0.5,
      step * 0.6,
      glass,
    );
  });
}

function buildings(random: Random, size: number, horizon: number, isNight: boolean): string {
  let x = random.between(-40, 0);
  let drawn = '';
  while (x < size) {
    const width = random.between(0.15, 0.4) * size;
    const top = random.between(-0.1, 0.75) * horizon;
    const wall = hsl(
      random.between(0, 60),
      random.between(5, 40),
      isNight ? random.between(6, 16) : random.between(35, 78),
    );
    drawn += rect(x, top, width, horizon - top + 8, wall) + windows(random, x, top, width, horizon - top, isNight);
    x += width * random.between(0.9, 1.15);
  }
  return drawn;
}

/** Red, blue and white things that are not road signs, so that colour alone does not give the answer. */
function distractors(random: Random, size: number): string {
  return times(random.integer(0, 4), () => {
    const [x, y] = [random.between(0, size), random.between(size * 0.2, size * 0.85)];
    const [width, height] = [random.between(12, 70), random.between(10, 46)];
    const colour = random.pick([
      'hsl(2,70%,42%)',
      'hsl(215,60%,42%)',
      'hsl(45,85%,52%)',
      'hsl(40,10%,88%)',
      'hsl(140,35%,35%)',
    ]);
    const other = random.pick(['hsl(0,0%,92%)', 'hsl(2,65%,45%)', 'hsl(220,20%,20%)']);
    if (random.chance(0.4)) {
      const disc = `<circle cx="${round(x)}" cy="${round(y)}" r="${round(height / 2)}" fill="${colour}"`;
      return `${disc} stroke="${other}" stroke-width="3"/>`;
    }
    return rect(x, y, width, height, colour) + rect(x + 4, y + height * 0.4, width - 8, height * 0.2, other);
  });
}

function lamps(random: Random, size: number): string {
  return times(random.integer(2, 9), () => {
    const place = `cx="${round(random.between(0, size))}" cy="${round(random.between(0, size))}"`;
    const glow = hsl(random.pick([2, 38, 48, 210]), 90, random.between(60, 88));
    const radius = round(random.between(2, 9));
    return `<circle ${place} r="${radius * 3}" fill="${glow}" opacity="0.2"/><circle ${place} r="${radius}" fill="${glow}"/>`;
  });
}

function greenery(random: Random, size: number, fromY: number, count: number, lightness: number): string {
  const autumn = random.chance(0.25) ? random.between(15, 45) : random.between(75, 135);
  const leaf = (): string =>
    hsl(autumn + random.between(-14, 14), random.between(20, 60), random.between(0.4, 1.5) * lightness);
  return blobs(random, size, count, fromY, size, leaf);
}

export function drawScene(kind: SceneKind, size: number, random: Random): string {
  const horizon = random.between(0.45, 0.75) * size;
  const ground = rect(0, horizon, size, size - horizon, hsl(random.between(30, 110), 25, random.between(24, 48)));
  switch (kind) {
    case 'road': {
      const sky = backdrop(
        size,
        hsl(random.between(200, 220), random.between(10, 70), random.between(45, 75)),
        'hsl(205,35%,88%)',
      );
      const hedge = blobs(random, size, 16, horizon - 14, horizon + 6, () =>
        hsl(random.between(80, 130), 30, random.between(18, 38)),
      );
      return (
        sky +
        clouds(random, size) +
        ground +
        hedge +
        roadway(random, size, horizon, random.between(28, 48)) +
        distractors(random, size)
      );
    }
    case 'foliage':
      return (
        backdrop(size, hsl(100, 25, 45), hsl(95, 30, 18)) +
        greenery(random, size, -10, 170, random.between(18, 38)) +
        distractors(random, size)
      );
    case 'street':
      return (
        backdrop(size, hsl(210, 20, 78), hsl(30, 10, 80)) +
        buildings(random, size, horizon, false) +
        rect(0, horizon, size, size, hsl(220, 5, random.between(30, 55))) +
        roadway(random, size, horizon, 30) +
        distractors(random, size)
      );
    case 'night':
      return (
        backdrop(size, 'hsl(230,40%,5%)', 'hsl(235,25%,16%)') +
        buildings(random, size, horizon, true) +
        rect(0, horizon, size, size, hsl(230, 10, 8)) +
        roadway(random, size, horizon, 13) +
        distractors(random, size) +
        lamps(random, size)
      );
    case 'dusk': {
      const sky = backdrop(size, hsl(random.between(240, 290), 30, 32), hsl(random.between(8, 38), 75, 62));
      return (
        sky +
        clouds(random, size) +
        greenery(random, size, horizon - 10, 60, 12) +
        roadway(random, size, horizon, 20) +
        distractors(random, size)
      );
    }
  }
}
