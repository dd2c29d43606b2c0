// Lettering is drawn as strokes in a 6 × 10 cell: a font would differ from one machine to the next.
const strokes: Record<string, string> = {
  S: 'M6 2C6 0 4.5 0 3 0S0 .5 0 2.5 1.5 5 3 5s3 .5 3 2.5S4.5 10 3 10 0 10 0 8',
  T: 'M0 0H6M3 0V10',
  O: 'M3 0C6 0 6 2 6 5S6 10 3 10 0 8 0 5 0 0 3 0Z',
  P: 'M0 10V0H3C7 0 7 5.5 3 5.5H0',
  '0': 'M3 0C6 0 6 2 6 5S6 10 3 10 0 8 0 5 0 0 3 0Z',
  '1': 'M1 2L3.5 0V10',
  '2': 'M0 2.5C0-1 6-1 6 2.5 6 5 0 7.5 0 10H6',
  '3': 'M.5 0H6L3 4C6.5 4 6.5 10 3 10 1.5 10 .5 9.5 0 8.5',
  '5': 'M6 0H.5L0 5C2 3.5 6 4 6 7 6 10.5 1.5 10.5 0 9',
  '6': 'M5.5 .5C2 0 0 3 0 6.5 0 11 6 11 6 7 6 3 1 3 0 6.5',
  '7': 'M0 0H6L2 10',
  '8': 'M3 5C-.5 5-.5 0 3 0S6.5 5 3 5C-1 5-1 10 3 10S7 5 3 5Z',
  '9': 'M.5 9.5C4 10 6 7 6 3.5 6-1 0-1 0 3 0 7 5 7 6 3.5',
};

/** Centres a word on (50, centreY); `heightUnits` is in the sign's 100 × 100 units. */
export function lettering(word: string, heightUnits: number, colour: string, centreY = 50): string {
  const scale = heightUnits / 10;
  const stepUnits = 8.6;
  const widthUnits = word.length * stepUnits - 2.6;
  const paths = [...word].map((letter, index) => {
    const d = strokes[letter];
    if (d === undefined) throw new RangeError(`No strokes for "${letter}"`);
    return `<path transform="translate(${(index * stepUnits).toFixed(2)} 0)" d="${d}"/>`;
  });
  const left = 50 - (widthUnits * scale) / 2;
  const placed = `translate(${left.toFixed(2)} ${centreY - heightUnits / 2}) scale(${scale})`;
  return `<g transform="${placed}" fill="none" stroke="${colour}" stroke-width="1.7">${paths.join('')}</g>`;
}
