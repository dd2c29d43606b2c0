import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { settings, type SettingKind, type SettingName } from './settings.ts';

/** Reads settings one by one and collects what is wrong instead of stopping at the first. */
export class SettingReader {
  readonly problems: string[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  text(name: SettingName): string {
    return this.raw(name);
  }

  integer(name: SettingName): number {
    const { min = 1, max = Number.MAX_SAFE_INTEGER } = settings[name] as SettingKind;
    const text = this.raw(name).replaceAll('_', '');
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.problem(
      name,
      max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `between ${min} and ${max}`,
      'a whole number ',
    );
    return min;
  }

  flag(name: SettingName): boolean {
    return this.choice(name, ['true', 'false'] as const) === 'true';
  }

  choice<T extends string>(name: SettingName, choices: readonly [T, ...T[]]): T {
    const found = choices.find((choice) => choice === this.raw(name));
    if (found === undefined) this.problem(name, `one of ${choices.join(', ')}`);
    return found ?? choices[0];
  }

  url(name: SettingName): string | undefined {
    const text = this.raw(name).replace(/\/+$/, '');
    if (text !== '' && !(/^https?:\/\//.test(text) && URL.canParse(text)))
      this.problem(name, 'a URL that begins with http:// or https://');
    return text || undefined;
  }

  origins(name: SettingName): string[] {
    const entries = this.list(name);
    const isOrigin = (entry: string): boolean => URL.canParse(entry) && new URL(entry).origin === entry;
    if (!entries.every((entry) => entry === '*' || isOrigin(entry)))
      this.problem(name, 'a comma-separated list of origins such as https://shop.example, or *');
    return entries;
  }

  words(name: SettingName): string[] {
    const entries = this.list(name);
    if (!entries.every((entry) => /^[a-z]+$/.test(entry))) this.problem(name, 'a comma-separated list of words');
    return entries;
  }

  private list(name: SettingName): string[] {
    return this.raw(name)
      .split(',')
      .map((entry) => entry.trim().toLowerCase())
      .filter(Boolean);
  }

  hosts(name: SettingName): string[] {
    const entries = this.list(name);
    if (!entries.every(isHostOrRange))
      this.problem(name, 'a comma-separated list of host names, addresses or CIDR ranges');
    return entries;
  }

  /** A secret with an address in it; what is wrong is told without repeating it, and not returned. */
  secretUrl(name: SettingName, pattern: RegExp, form: string): string | undefined {
    const text = this.secret(name);
    if (text === undefined || (pattern.test(text) && URL.canParse(text))) return text;
    this.problem(name, `of the form ${form}`);
    return undefined;
  }

  /** The contents of the file that the setting names; undefined when it is not set. */
  file(name: SettingName): Buffer | undefined {
    const path = this.raw(name);
    if (path === '') return undefined;
    try {
      return readFileSync(path);
    } catch {
      this.problem(name, 'the path of a readable file');
      return undefined;
    }
  }

  /** `NAME` or the contents of the file `NAME_FILE` (as Docker and Kubernetes mount secrets); not both. */
  secret(name: SettingName): string | undefined {
    const file = this.env[`${name}_FILE`];
    if (file === undefined || file === '') return this.raw(name) || undefined;
    if (this.env[name]) this.problems.push(`${name} and ${name}_FILE are both set; set one of them`);
    return this.secretFile(name, file);
  }

  private secretFile(name: SettingName, file: string): string | undefined {
    try {
      const text = readFileSync(file, 'utf8').trim();
      if (text === '') this.problems.push(`${name}_FILE names an empty file`);
      return text || undefined;
    } catch {
      this.problems.push(`${name}_FILE names a file that cannot be read`);
      return undefined;
    }
  }

  /** An empty value counts as not set, because compose files write `NAME=` for "leave the default". */
  private raw(name: SettingName): string {
    return this.env[name]?.trim() || settings[name].default;
  }

  private problem(name: SettingName, expected: string, kind = ''): void {
    this.problems.push(`${name} must be ${kind}${expected}`);
  }
}

function isHostOrRange(entry: string): boolean {
  if (entry.includes('/')) return ipaddr.isValidCIDR(entry);
  return ipaddr.isValid(entry) || /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(entry);
}
