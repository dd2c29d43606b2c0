import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { loadConfig, type Config } from '../infra/config.ts';
import { OperationError } from './operation-error.ts';

/** Where an installation keeps its rows and objects. `name` is for messages and holds no secret. */
export interface Place extends Pick<Config, 'database' | 'storage'> {
  name: string;
}

/** An embedded installation. */
export function placeOfFolder(folder: string): Place {
  return { ...loadConfig({ TAGLENS_DATA: folder }), name: `folder ${folder}` };
}

/** The installation that a file of NAME=value lines names, as container runtimes and systemd read them. */
export function placeOfFile(path: string): Place {
  return { ...loadConfig(parseEnv(readSettings(path))), name: `settings of ${path}` };
}

/** The installation that a server started with the same environment would serve. */
export function placeOfEnvironment(env: NodeJS.ProcessEnv): Place {
  return { ...loadConfig(env), name: 'settings of the environment' };
}

function readSettings(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new OperationError(`The settings file ${path} cannot be read.`);
  }
}
