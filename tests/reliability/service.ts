import type { TaglensClient } from '../../cli/client.ts';
import type { ProgramProcess } from '../e2e/process.ts';
import type { Installation } from './installation.ts';

/** An API process, and a worker beside it where it does not train by itself. */
export interface Service {
  /** Of whoever serves now. */
  readonly client: TaglensClient;
  /** Ends the process that trains at once, as a power cut would. */
  killTrainer(): Promise<void>;
  /** Starts another in its place. */
  startTrainer(): Promise<void>;
}

export async function startService(installation: Installation, settings: Record<string, string>): Promise<Service> {
  let api = await installation.startApi(settings);
  const isApart = installation.settings['TAGLENS_TEMPORAL_ADDRESS'] !== undefined;
  let worker: ProgramProcess | null = isApart ? await installation.startWorker(settings) : null;
  return {
    get client() {
      return api.client;
    },
    async killTrainer() {
      await (worker ?? api).end('SIGKILL');
    },
    async startTrainer() {
      if (worker) worker = await installation.startWorker(settings);
      else api = await installation.startApi(settings);
    },
  };
}
