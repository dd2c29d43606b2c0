import { ok, failed, type Finding } from './check.ts';

/** Signatures, leases and expiry times go wrong when clocks part by more than this. */
const skewLimitMs = 5000;

/** @param theirMs what the other clock showed between the two moments of ours */
export function compareClocks(theirMs: number, beforeMs: number, afterMs: number, resolutionMs = 0): Finding {
  const skewMs = Math.max(beforeMs - (theirMs + resolutionMs), theirMs - afterMs, 0);
  const message = `${(skewMs / 1000).toFixed(1)} s apart`;
  if (skewMs <= skewLimitMs) return ok(message);
  return failed(
    `${message}; the limit is ${skewLimitMs / 1000} s`,
    'Synchronise the clocks of both machines with NTP.',
  );
}
