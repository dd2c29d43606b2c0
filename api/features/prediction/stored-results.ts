import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';

/** What a column of text holds in MySQL. */
const resultBytes = 65_535;

/** The most probable ones that fit into a row; long names of tags can make 200 boxes longer than that. */
export function fittingResults(results: PredictionResult[]): PredictionResult[] {
  let bytes = '[]'.length;
  const tooMuch = results.findIndex((result) => (bytes += Buffer.byteLength(JSON.stringify(result)) + 1) > resultBytes);
  return tooMuch < 0 ? results : results.slice(0, tooMuch);
}
