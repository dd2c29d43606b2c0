import { seededRandom } from '../../../workers/ml/random.ts';
import { pngSignature } from './png-parts.ts';
import { specimens, type HostileImage } from './specimen.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const pad = (text: string): Buffer => Buffer.concat([latin1(text), Buffer.alloc(200)]);
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>';
const entities =
  '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>';

/** Files that are no picture, or of a kind that is not accepted, whatever their name says. */
export function foreignFiles(): HostileImage[] {
  return specimens('REFUSED', { ...fragments(), ...documents(), ...pictures(), ...programs(), ...randomFiles() });
}

function fragments(): Record<string, Buffer> {
  return {
    'empty.jpg': Buffer.alloc(0),
    'one-byte.jpg': Buffer.from([0xff]),
    'signature-alone.jpg': Buffer.from([0xff, 0xd8, 0xff]),
    'signature-alone.png': pngSignature,
    'signature-alone.gif': latin1('GIF89a'),
    'signature-alone.webp': latin1('RIFF\x04\0\0\0WEBP'),
    'signature-alone.bmp': latin1('BM'),
    'signature-alone.avif': latin1('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf'),
  };
}

function documents(): Record<string, Buffer> {
  return {
    'drawing.svg': latin1(svg),
    'drawing-named-as.png': latin1(`<?xml version="1.0"?>${entities}${svg}`),
    'drawing-behind-spaces.jpg': latin1(`${' '.repeat(300)}${svg}`),
    'document.pdf': pad('%PDF-1.7\n'),
    'page.jpg': latin1('<!doctype html><script>alert(1)</script>'),
  };
}

/** Kinds that the decoder may well know, but that the service does not promise; old and rich decoders are the risky ones. */
function pictures(): Record<string, Buffer> {
  return {
    'little-endian.tiff': pad('II*\0\x08\0\0\0'),
    'big-endian.tiff': pad('MM\0*\0\0\0\x08'),
    'big.tiff': pad('II+\0\x08\0\0\0'),
    'photo.heic': pad('\0\0\0\x18ftypheic\0\0\0\0mif1heic'),
    'movie.mp4': pad('\0\0\0\x18ftypisom\0\0\0\0isommp41'),
    'wavelets.jp2': pad('\0\0\0\x0cjP  \r\n\x87\n'),
    'next.jxl': pad('\xff\x0a'),
    'script.mvg': latin1('push graphic-context\nimage over 0,0 0,0 "https://127.0.0.1/x.php"\npop graphic-context'),
    'internal.v': pad('\xb6\xa6\xf2\x08'),
    'sound.webp': pad('RIFF\x20\0\0\0WAVEfmt '),
  };
}

function programs(): Record<string, Buffer> {
  return {
    'archive.zip': pad('PK\x03\x04\x14\0\0\0'),
    'program.png': pad('\x7fELF\x02\x01\x01'),
    'text-that-begins-with-bm.bmp': latin1('BMW builds cars, and this is only a sentence about them, with no picture.'),
  };
}

function randomFiles(): Record<string, Buffer> {
  const files = [1, 2].map((seed) => {
    const next = seededRandom(seed);
    return [`random-${seed}.jpg`, Buffer.from(Uint8Array.from({ length: 4000 }, () => next() * 256))] as const;
  });
  return Object.fromEntries(files);
}
