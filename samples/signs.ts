import { type Point, polygon, svgPoints } from './geometry.ts';
import { lettering } from './glyphs.ts';
import type { Random } from './random.ts';

export const signTags = ['stop', 'yield', 'no-entry', 'speed-limit', 'crossing'] as const;
export type SignTag = (typeof signTags)[number];

/** A sign drawn in a 100 × 100 square, with the outline its box is measured from. */
export interface Sign {
  svg: string;
  outline: Point[];
}

interface Paint {
  red: string;
  white: string;
  black: string;
  blue: string;
}

const circle = polygon(36, 47, 0);
const downTriangle: Point[] = [
  { x: 2, y: 8 },
  { x: 98, y: 8 },
  { x: 50, y: 92 },
];
const upTriangle: Point[] = downTriangle.map(({ x, y }) => ({ x, y: 100 - y }));
const square: Point[] = polygon(4, 66, 45);

const shape = (points: readonly Point[], fill: string, inset = 1): string =>
  `<polygon points="${svgPoints(points)}" fill="${fill}" stroke-linejoin="round"` +
  (inset === 1 ? '/>' : ` transform="translate(50 50) scale(${inset}) translate(-50 -50)"/>`);

/** A walker in strokes: head, trunk, arms, and legs in mid step, over stripes. */
function walker(colour: string, scale: number, centreY: number): string {
  const body = 'M50 34L48 54L38 70M48 54L58 62L61 72M50 38L38 46L36 54M50 38L60 46L66 44';
  const stripes = [26, 38, 50, 62, 74].map((x) => `<path d="M${x} 76l-5 6" stroke-width="5"/>`).join('');
  return (
    `<g transform="translate(50 ${centreY}) scale(${scale}) translate(-50 -53)" stroke="${colour}" fill="none" ` +
    `stroke-width="6" stroke-linecap="round"><circle cx="51" cy="25" r="5" fill="${colour}" stroke="none"/>` +
    `<path d="${body}"/>${stripes}</g>`
  );
}

function stop(paint: Paint): Sign {
  const outline = polygon(8, 50, 22.5);
  const svg = shape(outline, paint.white) + shape(outline, paint.red, 0.93) + lettering('STOP', 27, paint.white);
  return { svg, outline };
}

function giveWay(paint: Paint, random: Random): Sign {
  const inset = random.between(0.52, 0.66);
  const inner = `<g transform="translate(50 36) scale(${inset.toFixed(3)}) translate(-50 -36)">${shape(downTriangle, paint.white)}</g>`;
  return { svg: shape(downTriangle, paint.red) + inner, outline: downTriangle };
}

function noEntry(paint: Paint): Sign {
  const bar = `<rect x="16" y="41" width="68" height="18" fill="${paint.white}"/>`;
  return { svg: shape(circle, paint.white) + shape(circle, paint.red, 0.95) + bar, outline: circle };
}

function speedLimit(paint: Paint, random: Random): Sign {
  const limit = random.pick(['20', '30', '50', '60', '70', '80', '90', '120']);
  const height = limit.length === 3 ? 26 : 36;
  const face = shape(circle, paint.red) + shape(circle, paint.white, random.between(0.74, 0.82));
  return { svg: face + lettering(limit, height, paint.black), outline: circle };
}

/** Two customs for one meaning: the blue square at the crossing and the red triangle before it. */
function crossing(paint: Paint, random: Random): Sign {
  const triangle = `<g transform="translate(50 64) scale(0.66) translate(-50 -64)">${shape(upTriangle, paint.white)}</g>`;
  if (random.chance(0.45)) {
    return { svg: shape(upTriangle, paint.red) + triangle + walker(paint.black, 0.62, 65), outline: upTriangle };
  }
  const panel = `<polygon points="50,13 90,85 10,85" fill="${paint.white}"/>`;
  return { svg: shape(square, paint.blue) + panel + walker(paint.black, 0.74, 61), outline: square };
}

/** Sunlight bleaches red towards pink and orange, and white yellows. */
function agedPaint(random: Random): Paint {
  const fade = random.between(0, 1) ** 2;
  const red = `hsl(${Math.round(random.between(-8, 8) + fade * 14)},${Math.round(82 - fade * 45)}%,${Math.round(42 + fade * 28)}%)`;
  const blue = `hsl(${random.integer(205, 228)},${Math.round(75 - fade * 40)}%,${Math.round(38 + fade * 25)}%)`;
  const white = `hsl(48,${random.integer(0, 22)}%,${random.integer(82, 97)}%)`;
  return { red, white, blue, black: `hsl(220,10%,${Math.round(8 + fade * 30)}%)` };
}

export function drawSign(tag: SignTag, random: Random): Sign {
  const paint = agedPaint(random);
  const draw = { stop, yield: giveWay, 'no-entry': noEntry, 'speed-limit': speedLimit, crossing }[tag];
  return draw(paint, random);
}
