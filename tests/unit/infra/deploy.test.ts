import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../infra/config.ts';
import { settings, type SettingKind } from '../../../infra/settings.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const chart = 'infra/deploy/helm/taglens';
const files = [
  'infra/deploy/Dockerfile',
  'infra/deploy/compose.yaml',
  `${chart}/values.yaml`,
  ...readdirSync(new URL(`${chart}/templates`, root)).map((name) => `${chart}/templates/${name}`),
  'docs/production.md',
];

const known = new Set(
  Object.entries<SettingKind>(settings).flatMap(([name, row]) => (row.secret ? [name, `${name}_FILE`] : [name])),
);

describe('files for deployment', () => {
  test.each(files)('%s names only settings that exist', (path) => {
    const names = read(path).match(/\bTAGLENS_[A-Z0-9_]+\b/g) ?? [];
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  test('all carry the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read(`${chart}/Chart.yaml`)).toMatch(new RegExp(`^appVersion: ${version}$`, 'm'));
    expect(read('infra/deploy/Dockerfile')).toContain(`ARG VERSION=${version}\n`);
    expect(read('infra/deploy/compose.yaml')).toContain(`image: taglens:${version}\n`);
  });

  test('the image gets every folder of the code', () => {
    const folders = (JSON.parse(read('tsconfig.json')) as { include: string[] }).include;
    const code = folders.filter((folder) => folder !== 'tests' && !folder.includes('*'));
    expect(read('infra/deploy/Dockerfile.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(code.map((folder) => `!${folder}`)),
    );
  });
});

describe('the settings of', () => {
  const folder = mkdtempSync(join(tmpdir(), 'taglens-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** `NAME: value` lines in one part of a YAML file; a setting that is read from a file gets one with a fitting value. */
  function environment(path: string, from: string, to: string): NodeJS.ProcessEnv {
    const text = read(path);
    const part = text.slice(text.indexOf(from), text.indexOf(to));
    const rows = [...part.matchAll(/^ +(TAGLENS_\w+): (.+)$/gm)].map(([, name = '', value = '']) => {
      const plain = value.replace(/^'(.*)'$/, '$1').replace(/^\$\{\w+:-(.*)\}$/, '$1');
      return [name, name.endsWith('_FILE') ? secretFile(name) : plain] as const;
    });
    return Object.fromEntries(rows);
  }

  function secretFile(name: string): string {
    const path = join(folder, name);
    writeFileSync(path, name === 'TAGLENS_DATABASE_URL_FILE' ? 'mysql://user:secret@mysql:3306/taglens' : 'secret');
    return path;
  }

  const production = {
    database: { kind: 'mysql' },
    storage: { kind: 's3', bucket: 'taglens' },
    engine: { kind: 'temporal', namespace: 'taglens' },
  };

  test('the compose file start an API process on servers, closed to strangers', () => {
    const shared = environment('infra/deploy/compose.yaml', 'x-settings:', '\nservices:');
    const config = loadConfig({ ...shared, ...environment('infra/deploy/compose.yaml', '\n  api:', '\n  worker:') });
    expect(config).toMatchObject({ ...production, ownerKey: 'secret', keylessPlayground: false, drainMs: 5000 });
    expect(config.publicUrl).toBe('http://localhost:4000');
  });

  test('the compose file start a worker on the same servers', () => {
    const shared = environment('infra/deploy/compose.yaml', 'x-settings:', '\nservices:');
    const config = loadConfig({ ...shared, ...environment('infra/deploy/compose.yaml', '\n  worker:', '\n  mysql:') });
    expect(config).toMatchObject({ ...production, workerPort: 9464, ownerKey: undefined });
  });

  test('the Helm chart name servers, and only secrets as secrets', () => {
    const plain = environment(`${chart}/values.yaml`, '\nsettings:', '\nsecret:');
    const keys = environment(`${chart}/values.yaml`, '\nsecret:', '\nserviceAccount:');
    const files = Object.keys(keys).map((name) => [`${name}_FILE`, secretFile(`${name}_FILE`)] as const);
    expect(loadConfig({ ...plain, ...Object.fromEntries(files) })).toMatchObject({ ...production, ownerKey: 'secret' });
  });
});
