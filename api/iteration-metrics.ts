import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../infra/database/database.ts';
import { Iteration } from '../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../schema/enums.ts';

/** Iterations by status, counted when Prometheus asks: the rows know, whichever process or thread trained. */
export function registerIterationMetrics(registry: Registry, database: Database): void {
  const gauge = new Gauge({
    name: 'taglens_iterations',
    help: 'Iterations by status; QUEUED and TRAINING are the work at hand.',
    labelNames: ['status'],
    registers: [registry],
    collect: async () => {
      const query = database.read.getRepository(Iteration).createQueryBuilder('iteration');
      const rows = await query
        .select('iteration.status', 'status')
        .addSelect('COUNT(*)', 'count')
        .groupBy('iteration.status')
        .getRawMany<{ status: string; count: number | string }>();
      for (const status of Object.values(IterationStatus)) gauge.set({ status }, 0);
      for (const { status, count } of rows) gauge.set({ status }, Number(count));
    },
  });
}
