import { zipSync, type Zippable } from 'fflate';
import type { ExportFiles } from './exporter.ts';

/** The earliest date that a zip can tell; it is told in local time, which therefore must not matter. */
const sameDate = new Date(1980, 0, 1);

/** The files as a zip; equal files give equal bytes. */
export function zipOf(files: ExportFiles): Uint8Array {
  const entries: Zippable = {};
  for (const [path, bytes] of files)
    // Weights are noise to a compressor: what it saves is not worth the wait.
    entries[path] = [bytes, { level: path.endsWith('.onnx') ? 0 : 6, mtime: sameDate }];
  return zipSync(entries);
}
