import { Gauge, type Registry } from 'prom-client';
import type { EventTail } from '../infra/events/tail.ts';

/** How the subscriptions of this process do, read off the tail when Prometheus asks. */
export function registerEventMetrics(registry: Registry, tail: EventTail): void {
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('taglens_open_subscriptions', 'Subscriptions that are open in this process.', () => tail.subscriptionCount);
  gauge('taglens_event_lag_seconds', 'Age of the newest event when it was read.', () => tail.lagMs / 1000);
  gauge('taglens_event_silence_seconds', 'Time since events were last read.', () => tail.silentMs / 1000);
}
