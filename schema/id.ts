import { randomBytes } from 'node:crypto';

let lastMs = 0;
let counter = 0;

/**
 * A UUID version 7 (RFC 9562): milliseconds, a counter within the millisecond, then randomness. Ids sort by creation,
 * so a keyset page over ids is a page over time.
 */
export function newId(): string {
  const nowMs = Math.max(Date.now(), lastMs);
  counter = nowMs === lastMs ? counter + 1 : 0;
  if (counter > 0xfff) counter = 0;
  lastMs = counter === 0 && nowMs === lastMs ? nowMs + 1 : nowMs;
  const time = lastMs.toString(16).padStart(12, '0');
  const random = randomBytes(8);
  random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
  const tail = random.toString('hex');
  const sub = counter.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sub}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** When such an id was made; undefined for anything else. */
export function timeOfId(id: string): Date | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return undefined;
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}
