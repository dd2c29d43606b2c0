import sharp from 'sharp';
import { seededRandom } from '../random.ts';

export interface ReferencePicture {
  /** Its path in the archive. */
  name: string;
  png: Buffer;
}

/** Pictures of several shapes that are drawn here: a user's pictures do not travel with a model. */
export function referencePictures(side: number): Promise<ReferencePicture[]> {
  const shapes: Record<string, [width: number, height: number]> = {
    square: [side, side],
    landscape: [640, 480],
    portrait: [360, 520],
    small: [150, 110],
  };
  return Promise.all(
    Object.entries(shapes).map(async ([shape, [width, height]], i) => ({
      name: `reference/${shape}.png`,
      png: await sharp(Buffer.from(drawing(width, height, seededRandom(i + 1))))
        .removeAlpha()
        .png({ compressionLevel: 9 })
        .toBuffer(),
    })),
  );
}

/** Coloured discs and bars on a gradient: edges and smooth areas, as photographs have them. */
function drawing(width: number, height: number, random: () => number): string {
  const colour = (): string => `hsl(${Math.floor(360 * random())} 70% ${30 + Math.floor(40 * random())}%)`;
  const within = (length: number): string => (length * random()).toFixed(1);
  const figures = Array.from({ length: 12 }, (_, i) => {
    const size = 0.05 + 0.2 * random();
    if (i % 2 === 0)
      return `<circle cx="${within(width)}" cy="${within(height)}" r="${(size * height).toFixed(1)}" fill="${colour()}"/>`;
    const turn = `rotate(${within(90)} ${width / 2} ${height / 2})`;
    const box = `x="${within(width)}" y="${within(height)}" width="${(size * width).toFixed(1)}" height="${(0.05 * height).toFixed(1)}"`;
    return `<rect ${box} fill="${colour()}" transform="${turn}"/>`;
  });
  const stops = [0, 1].map((offset) => `<stop offset="${offset}" stop-color="${colour()}"/>`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="sky" x2="1" y2="1">${stops}</linearGradient></defs><rect width="100%" height="100%" fill="url(#sky)"/>${figures.join('')}</svg>`;
}
