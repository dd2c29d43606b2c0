import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { TemporalWorker } from '../../../workflows/engines/temporal-worker.ts';

/** A poller as Temporal's library has them: it goes on until it is told to stop, which takes a while, or breaks. */
class Poller {
  state: ReturnType<Worker['getState']> = 'INITIALIZED';
  break!: (error: Error) => void;
  private drain!: () => void;

  run(): Promise<void> {
    this.state = 'RUNNING';
    return new Promise((resolve, reject) => {
      this.drain = () => this.end('STOPPED', resolve);
      this.break = (error) => this.end('FAILED', () => reject(error));
    });
  }

  shutdown(): void {
    this.state = 'DRAINING';
    void sleep(50).then(() => this.drain());
  }

  getState(): ReturnType<Worker['getState']> {
    return this.state;
  }

  private end(state: 'STOPPED' | 'FAILED', settle: () => void): void {
    this.state = state;
    settle();
  }
}

test('when one half breaks the other is stopped, and the connection closed only then', async () => {
  const pollers = [new Poller(), new Poller()] as const;
  const closedAt: string[][] = [];
  const close = () => Promise.resolve(void closedAt.push(pollers.map(({ state }) => state)));
  const worker = new TemporalWorker({ close }, [...pollers]);
  expect(worker.isRunning).toBe(true);
  pollers[0].break(new Error('no more tasks'));
  await expect(worker.end).rejects.toThrow('no more tasks');
  expect(worker.isRunning).toBe(false);
  await worker.stop();
  expect(closedAt).toEqual([['FAILED', 'STOPPED']]);
});
