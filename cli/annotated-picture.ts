import sharp from 'sharp';
import { strokesOf } from '../samples/glyphs.ts';
import type { Box } from './demo-queries.ts';

export interface Label {
  text: string;
  box: Box;
}

const colours = ['#e6194b', '#0a7d2c', '#0b5cd6', '#b3560a', '#8a1bb0', '#007a7a', '#a8157a', '#5a5a00'];
/** Height of the text as a share of the shorter side of the picture. */
const textShare = 0.035;

/** The upright picture with boxes drawn on it, as a JPEG. Lettering is drawn by strokes, since a machine may have no fonts. */
export async function annotatedPicture(bytes: Buffer, labels: readonly Label[]): Promise<Buffer> {
  const upright = await sharp(bytes).rotate().toBuffer({ resolveWithObject: true });
  const { width, height } = upright.info;
  const kinds = [...new Set(labels.map(({ text }) => kindOf(text)))];
  const drawn = labels.map((label) => {
    const colour = colours[kinds.indexOf(kindOf(label.text)) % colours.length] ?? '#000';
    return drawLabel(label, { width, height }, colour);
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn.join('')}</svg>`;
  return sharp(upright.data)
    .composite([{ input: Buffer.from(svg) }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A label without its figure: what has the same colour. */
const kindOf = (text: string): string => text.replace(/ \d+ %$/, '');

function drawLabel({ text, box }: Label, { width, height }: { width: number; height: number }, colour: string): string {
  const textPx = Math.max(8, Math.min(width, height) * textShare);
  const linePx = Math.max(2, textPx / 5);
  const [x, y] = [box.left * width, box.top * height];
  const frame = `<rect x="${x}" y="${y}" width="${box.width * width}" height="${box.height * height}" fill="none" stroke="${colour}" stroke-width="${linePx}"/>`;
  const scale = textPx / 10;
  const { paths, widthUnits } = strokesOf(text);
  const plate = { width: widthUnits * scale + textPx, height: textPx * 1.8 };
  // Above the box where there is room, else inside it; never beyond the right edge.
  const plateX = Math.max(0, Math.min(x, width - plate.width));
  const plateY = y >= plate.height ? y - plate.height : y;
  const back = `<rect x="${plateX}" y="${plateY}" width="${plate.width}" height="${plate.height}" fill="${colour}"/>`;
  const place = `translate(${plateX + textPx / 2} ${plateY + textPx * 0.4}) scale(${scale})`;
  return `${frame}${back}<g transform="${place}" fill="none" stroke="#fff" stroke-width="1.4">${paths}</g>`;
}
