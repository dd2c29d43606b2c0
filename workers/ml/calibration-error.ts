const binCount = 15;

/**
 * Expected calibration error: mean difference of confidence and accuracy in 15 bins of confidence.
 * @param visit calls its argument with each confidence, 0 to 1, and whether it was right
 */
export function calibrationError(visit: (add: (confidence: number, isRight: boolean) => void) => void): number {
  const sums = Array.from({ length: binCount }, () => ({ confidence: 0, right: 0 }));
  let total = 0;
  visit((confidence, isRight) => {
    const bin = sums[Math.min(binCount - 1, Math.floor(confidence * binCount))];
    if (!bin) return;
    bin.confidence += confidence;
    bin.right += isRight ? 1 : 0;
    total++;
  });
  return sums.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / Math.max(1, total);
}
