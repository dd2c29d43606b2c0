import { ConfigError, type Config } from '../infra/config.ts';
import { useExecutionProviders } from './ml/session.ts';

/** For the whole process, before any model is opened. @throws ConfigError saying what does not work on this machine */
export async function useConfiguredProviders({
  executionProviders,
}: Pick<Config, 'executionProviders'>): Promise<void> {
  try {
    await useExecutionProviders(executionProviders);
  } catch (error) {
    throw new ConfigError([`TAGLENS_EXECUTION_PROVIDERS: ${error instanceof Error ? error.message : String(error)}`]);
  }
}
