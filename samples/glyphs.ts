// Lettering is drawn as strokes in a 6 × 10 cell: a font would differ from one machine to the next.
const strokes: Record<string, string> = {
  A: 'M0 10L3 0 6 10M1 6.5H5',
  B: 'M0 5H3C7 5 7 10 3 10H0V0H3C6.5 0 6.5 5 3 5',
  C: 'M6 2C5 0 4 0 3 0 0 0 0 3 0 5S0 10 3 10C4 10 5 10 6 8',
  D: 'M0 0H2.5C7 0 7 10 2.5 10H0Z',
  E: 'M6 0H0V10H6M0 5H4.5',
  F: 'M6 0H0V10M0 5H4.5',
  G: 'M6 2C5 0 4 0 3 0 0 0 0 3 0 5S0 10 3 10 6 8.5 6 5.5H3.5',
  H: 'M0 0V10M6 0V10M0 5H6',
  I: 'M3 0V10M1 0H5M1 10H5',
  J: 'M5 0V7C5 11 0 11 0 7.5',
  K: 'M0 0V10M6 0L0 6M2 4.5L6 10',
  L: 'M0 0V10H6',
  M: 'M0 10V0L3 5 6 0V10',
  N: 'M0 10V0L6 10V0',
  Q: 'M3 0C6 0 6 2 6 5S6 10 3 10 0 8 0 5 0 0 3 0ZM3.5 7L6 10',
  R: 'M0 10V0H3C7 0 7 5.5 3 5.5H0M3 5.5L6 10',
  U: 'M0 0V6C0 11.5 6 11.5 6 6V0',
  V: 'M0 0L3 10 6 0',
  W: 'M0 0L1.5 10 3 4 4.5 10 6 0',
  X: 'M0 0L6 10M6 0L0 10',
  Y: 'M0 0L3 5 6 0M3 5V10',
  Z: 'M0 0H6L0 10H6',
  ' ': '',
  '-': 'M1 5H5',
  _: 'M0 10H6',
  '.': 'M3 9V10',
  '%': 'M6 0L0 10M1 0V3M5 7V10',
  '4': 'M4.5 10V0L0 7H6',
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

const stepUnits = 8.6;
/** What stands for a character that has no strokes. */
const missing = 'M0 0H6V10H0Z';

/** A line of text as paths, 10 units high from (0, 0) on; capitals without accents. */
export function strokesOf(text: string): { paths: string; widthUnits: number } {
  const letters = [...text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()];
  const paths = letters.map((letter, index) => {
    const d = strokes[letter] ?? missing;
    return `<path transform="translate(${(index * stepUnits).toFixed(2)} 0)" d="${d}"/>`;
  });
  return { paths: paths.join(''), widthUnits: letters.length * stepUnits - 2.6 };
}

/** Centres a word on (50, centreY); `heightUnits` is in the sign's 100 × 100 units. */
export function lettering(word: string, heightUnits: number, colour: string, centreY = 50): string {
  const scale = heightUnits / 10;
  const { paths, widthUnits } = strokesOf(word);
  const left = 50 - (widthUnits * scale) / 2;
  const placed = `translate(${left.toFixed(2)} ${centreY - heightUnits / 2}) scale(${scale})`;
  return `<g transform="${placed}" fill="none" stroke="${colour}" stroke-width="1.7">${paths}</g>`;
}
