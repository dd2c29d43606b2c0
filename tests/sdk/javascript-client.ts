import { buffer } from 'node:stream/consumers';
import { PredictionAPIClient } from '@azure/cognitiveservices-customvision-prediction';
import { TrainingAPIClient } from '@azure/cognitiveservices-customvision-training';
import { ApiKeyCredentials } from '@azure/ms-rest-js';
import { TrainingAPIClient as TrainingClient3 } from 'customvision-training-3';
import { TrainingAPIClient as TrainingClient4 } from 'customvision-training-4';
import { SdkError, type Arguments, type SdkClient } from './client.ts';

/** Of each package's own class of error. */
interface Refusal {
  statusCode?: number;
  message: string;
  body?: { code?: string; message?: string };
}

interface Answered {
  parsedBody?: unknown;
  readableStreamBody?: NodeJS.ReadableStream;
}

type Operation = (this: object, ...given: unknown[]) => Promise<unknown>;

const credentials = (header: string, key: string): ApiKeyCredentials =>
  new ApiKeyCredentials({ inHeader: { [header]: key } });

export function newestClient(url: string, key: string): SdkClient {
  const training = new TrainingAPIClient(credentials('Training-key', key), url);
  return sdkClient('JavaScript 5', [training, new PredictionAPIClient(credentials('Prediction-key', key), url)]);
}

/** Of v3.0, which take the key alone. */
export const olderClients = [
  {
    name: 'JavaScript 4',
    open: (url: string, key: string) => sdkClient('JavaScript 4', [new TrainingClient4(key, url)]),
  },
  {
    name: 'JavaScript 3',
    open: (url: string, key: string) => sdkClient('JavaScript 3', [new TrainingClient3(key, url)]),
  },
];

function sdkClient(name: string, packages: readonly object[]): SdkClient {
  const operations = new Map(packages.flatMap(operationsOf));
  return {
    name,
    operations: new Set(operations.keys()),
    call: async <T>(operation: string, given: Arguments = {}) => {
      const call = operations.get(operation);
      if (!call) throw new Error(`${name} has no ${operation}.`);
      return (await call(given).catch(refused)) as T;
    },
    close: () => Promise.resolve(),
  };
}

function operationsOf(owner: object): [string, (given: Arguments) => Promise<unknown>][] {
  const methods = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(owner)));
  return methods.flatMap(([operation, { value }]) => {
    if (operation === 'constructor') return [];
    const method = value as Operation;
    const positions = positionsOf(method);
    return [[operation, async (given) => answerOf(await method.apply(owner, arrange(positions, given)))]];
  });
}

/** What stands before the options. The bundler of the oldest package has put dollars behind some names. */
function positionsOf(method: Operation): string[] {
  const names = /\((.*?)\)/.exec(method.toString())?.[1]?.split(', ') ?? [];
  return names.slice(0, names.indexOf('options')).map((name) => name.replace(/\$.*/, ''));
}

function arrange(positions: readonly string[], given: Arguments): unknown[] {
  const options = Object.fromEntries(Object.entries(given).filter(([name]) => !positions.includes(name)));
  return [...positions.map((name) => given[name]), options];
}

async function answerOf(answer: unknown): Promise<unknown> {
  const { parsedBody, readableStreamBody } = (answer as { _response: Answered })._response;
  if (readableStreamBody) return buffer(readableStreamBody);
  return parsedBody === undefined ? null : JSON.parse(JSON.stringify(parsedBody));
}

function refused(error: unknown): never {
  const { statusCode, message, body } = error as Refusal;
  if (statusCode === undefined) throw error;
  throw new SdkError(statusCode, body?.code, body?.message ?? message);
}
