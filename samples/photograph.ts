import sharp, { type Sharp } from 'sharp';
import { seededRandom } from '../workers/ml/random.ts';
import { type Box, type Placement, type Point, boxOf, matrixOf, svgMatrix, svgPoints } from './geometry.ts';
import type { Random } from './random.ts';
import { type SceneKind, drawScene, sceneKinds } from './scenes.ts';
import { type SignTag, drawSign } from './signs.ts';

/** From which to which share of the photograph's side a sign is large. */
type SizeRange = readonly [from: number, to: number];

/** Near enough to be the subject of the photograph, as a user would take it; far ones stay hard. */
const near: SizeRange = [0.34, 0.78];
/** Far away: 13 to 26 pixels in a photograph of 320. */
const far: SizeRange = [0.04, 0.08];

/** A square of the photograph, pixels. */
interface Area {
  left: number;
  top: number;
  sizePx: number;
}

function placeSign(random: Random, { left, top, sizePx }: Area, signPx: number): Placement {
  return {
    sizePx: signPx,
    centreX: left + random.between(signPx * 0.42, sizePx - signPx * 0.42),
    centreY: top + random.between(signPx * 0.42, sizePx * 0.9 - signPx * 0.42),
    rotationRad: random.between(-1, 1) * random.between(0.02, 0.38),
    squeeze: random.between(0.5, 1),
    shear: random.between(-0.28, 0.28),
  };
}

function post(place: Placement, sizePx: number, random: Random): string {
  const width = Math.max(2, place.sizePx * random.between(0.05, 0.09));
  const grey = `hsl(215,6%,${random.integer(25, 68)}%)`;
  const [x, y] = [place.centreX - width / 2, place.centreY];
  return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${sizePx}" fill="${grey}"/>`;
}

/** Dirt, rust, stickers and a shadow across the face, in the sign's own 100 × 100 units. */
function wear(outline: readonly Point[], random: Random, clipId: string): string {
  const shade = `hsla(225,40%,8%,${random.between(0, 0.5).toFixed(2)})`;
  const edge = random.between(-20, 110);
  const shadow = `<polygon points="${edge.toFixed(1)},-10 120,-10 120,120 ${(edge + random.between(-60, 40)).toFixed(1)},120" fill="${shade}"/>`;
  const spots = Array.from({ length: random.integer(0, 9) }, () => {
    const place = `cx="${random.between(0, 100).toFixed(1)}" cy="${random.between(0, 100).toFixed(1)}"`;
    const radius = `rx="${random.between(1, 14).toFixed(1)}" ry="${random.between(1, 9).toFixed(1)}"`;
    const colour = random.pick(['24,45%,25%', '60,8%,20%', '0,0%,85%', '95,30%,25%']);
    return `<ellipse ${place} ${radius} fill="hsla(${colour},${random.between(0.2, 0.75).toFixed(2)})"/>`;
  });
  const glare = `<ellipse cx="30" cy="25" rx="60" ry="22" fill="#fff" opacity="${(random.between(0, 0.7) ** 2).toFixed(2)}"/>`;
  return `<clipPath id="${clipId}"><polygon points="${svgPoints(outline)}"/></clipPath><g clip-path="url(#${clipId})">${shadow}${spots.join('')}${glare}</g>`;
}

function leafCover(place: Placement, isDark: boolean, random: Random): string {
  const reach = place.sizePx * 0.5;
  const side = random.between(0, Math.PI * 2);
  return Array.from({ length: random.integer(8, 26) }, () => {
    const x = place.centreX + Math.cos(side) * reach * 0.8 + random.between(-1, 1) * reach * 0.6;
    const y = place.centreY + Math.sin(side) * reach * 0.8 + random.between(-1, 1) * reach * 0.6;
    const lightness = random.integer(isDark ? 4 : 14, isDark ? 14 : 44);
    const turn = `rotate(${random.integer(0, 180)} ${x.toFixed(1)} ${y.toFixed(1)})`;
    const radius = `rx="${(reach * random.between(0.08, 0.22)).toFixed(1)}" ry="${(reach * random.between(0.04, 0.12)).toFixed(1)}"`;
    return `<ellipse cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" ${radius} transform="${turn}" fill="hsl(${random.integer(70, 130)},35%,${lightness}%)"/>`;
  }).join('');
}

function poleCover(place: Placement, sizePx: number, random: Random): string {
  const width = place.sizePx * random.between(0.08, 0.26);
  const x = place.centreX + random.between(-0.5, 0.4) * place.sizePx;
  const lean = random.between(-10, 10).toFixed(1);
  const colour = `hsl(${random.integer(20, 40)},18%,${random.integer(8, 45)}%)`;
  return `<rect x="${x.toFixed(1)}" y="-40" width="${width.toFixed(1)}" height="${sizePx + 80}" fill="${colour}" transform="rotate(${lean} ${x.toFixed(1)} ${place.centreY.toFixed(1)})"/>`;
}

function cover(place: Placement, sizePx: number, scene: SceneKind, random: Random): string {
  if (random.chance(0.5)) return '';
  const isDark = scene === 'night' || scene === 'dusk';
  return random.chance(0.65) ? leafCover(place, isDark, random) : poleCover(place, sizePx, random);
}

/** At night a sign is lit only by headlamps, so it is dimmed before the camera sees it. */
function dimming(scene: SceneKind, random: Random): number {
  if (scene === 'night') return random.between(0.2, 0.65);
  return scene === 'dusk' ? random.between(0.1, 0.5) : random.between(0, 0.15);
}

interface Drawing {
  svg: string;
  box: Box;
}

function signInScene(
  tag: SignTag,
  { scene, area, range, sizePx }: { scene: SceneKind; area: Area; range: SizeRange; sizePx: number },
  random: Random,
  clipId: string,
): Drawing {
  const sign = drawSign(tag, random);
  const place = placeSign(random, area, sizePx * random.between(...range));
  const matrix = matrixOf(place);
  const dim = `<polygon points="${svgPoints(sign.outline)}" fill="#060814" opacity="${dimming(scene, random).toFixed(2)}"/>`;
  const face = `<g transform="${svgMatrix(matrix)}">${sign.svg}${wear(sign.outline, random, clipId)}${dim}</g>`;
  const svg = post(place, sizePx, random) + face + cover(place, sizePx, scene, random);
  return { svg, box: boxOf(sign.outline, matrix, sizePx) };
}

/** Signs in areas of their own before one background. */
function compose(
  tags: readonly SignTag[],
  areas: readonly Area[],
  range: SizeRange,
  sizePx: number,
  random: Random,
): { svg: string; boxes: Box[] } {
  const scene = random.pick(sceneKinds);
  const background = drawScene(scene, sizePx, random);
  const signs = tags.map((tag, i) =>
    signInScene(tag, { scene, area: areas[i] as Area, range, sizePx }, random, `face${i}`),
  );
  const drawing = background + signs.map(({ svg }) => svg).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${sizePx}" height="${sizePx}">${drawing}</svg>`;
  return { svg, boxes: signs.map(({ box }) => box) };
}

/** A camera's faults before the sensor: focus, movement, exposure, white balance. */
function throughLens(image: Sharp, random: Random): Sharp {
  const blurred = random.chance(0.75) ? image.blur(random.between(0.35, 2.1)) : image;
  const shake = random.integer(3, 7);
  const kernel = Array.from({ length: shake * shake }, (_, at) => (Math.floor(at / shake) === shake >> 1 ? 1 : 0));
  const moved = random.chance(0.3) ? blurred.convolve({ width: shake, height: shake, kernel, scale: shake }) : blurred;
  const contrast = random.between(0.55, 1.15);
  const lift = random.between(-22, 34) + (1 - contrast) * 100;
  const cast = [random.between(-14, 14), random.between(-8, 8), random.between(-16, 16)];
  return moved.modulate({ saturation: random.between(0.3, 1.15) }).linear(
    [contrast, contrast, contrast],
    cast.map((value) => value + lift),
  );
}

/** Sensor noise, summed from three draws so that it falls off towards the extremes. */
function addNoise(pixels: Buffer, strength: number, seed: number): void {
  const next = seededRandom(seed);
  for (let at = 0; at < pixels.length; at += 1) {
    const noise = (next() + next() + next() - 1.5) * strength;
    pixels[at] = Math.min(255, Math.max(0, Math.round((pixels[at] ?? 0) + noise)));
  }
}

async function develop(svg: string, sizePx: number, random: Random): Promise<Buffer> {
  const scene = sharp(Buffer.from(svg)).flatten({ background: '#808080' });
  const pixels = await throughLens(scene, random).removeAlpha().raw().toBuffer();
  addNoise(pixels, random.between(4, 46), random.integer(0, 0xffffffff));
  const raw = { width: sizePx, height: sizePx, channels: 3 as const };
  return sharp(pixels, { raw })
    .jpeg({ quality: random.integer(22, 84) })
    .toBuffer();
}

/** One sign, near. */
export async function photograph(tag: SignTag, sizePx: number, random: Random): Promise<{ jpeg: Buffer; box: Box }> {
  const { svg, boxes } = compose([tag], [{ left: 0, top: 0, sizePx }], near, sizePx, random);
  return { jpeg: await develop(svg, sizePx, random), box: boxes[0] as Box };
}

/** Several signs, far away and apart from each other. */
export async function farPhotograph(
  tags: readonly SignTag[],
  sizePx: number,
  random: Random,
): Promise<{ jpeg: Buffer; boxes: Box[] }> {
  const columns = Math.ceil(Math.sqrt(tags.length));
  const cellPx = sizePx / columns;
  const areas = tags.map((_, i) => ({
    left: (i % columns) * cellPx,
    top: Math.floor(i / columns) * cellPx,
    sizePx: cellPx,
  }));
  const { svg, boxes } = compose(tags, areas, far, sizePx, random);
  return { jpeg: await develop(svg, sizePx, random), boxes };
}
