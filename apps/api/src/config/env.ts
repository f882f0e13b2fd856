import { existsSync, readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import { SETTINGS, type Setting, type SettingName } from './settings.ts';

/** A configuration mistake; the operator sees only its message. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

export type Env = Record<string, string | undefined>;

/** Loads `.env` from the current folder, if it exists, without overriding variables already set. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/** Settings that may also be given as the name of a file, in NAME_FILE. */
const IN_FILES = SETTINGS.filter(({ kind }) => kind === 'secret').map(({ name }) => name as string);
const NAMES = [...SETTINGS.map(({ name }) => name as string), ...IN_FILES.map(fileSetting)];
/** Used by other commands, so not a mistake. */
const ALSO_KNOWN = [
  ...['INFLUX_ADMIN_TOKEN', 'INFLUX_ADMIN_TOKEN_FILE', 'NEW_SECRET_KEY', 'NEW_SECRET_KEY_FILE'],
  ...['CLICKHOUSE_ADMIN', 'CLICKHOUSE_ADMIN_PASSWORD', 'CLICKHOUSE_ADMIN_PASSWORD_FILE', 'CLICKHOUSE_CLUSTER'],
];
const OUR_PREFIXES = [
  'PAIR_',
  'INGEST_',
  'METRICS_',
  'ROBOT_',
  'INFLUX_',
  'CLICKHOUSE_',
  'PROMETHEUS_',
  'OIDC_',
  'ALERT_',
];
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Rejects probable typos: unknown names with one of our prefixes, and near misses.
 * @throws ConfigError naming the most likely setting
 */
export function rejectUnknown(env: Env): void {
  for (const name of Object.keys(env)) {
    if (NAMES.includes(name) || ALSO_KNOWN.includes(name) || !env[name]) continue;
    const nearest = closest(name, NAMES);
    const ours = OUR_PREFIXES.some((prefix) => name.startsWith(prefix));
    if (ours || (name.length > 6 && distance(name, nearest) <= 2)) {
      throw new ConfigError(`${name} is not a setting. Did you mean ${nearest}? Rename or unset it.`);
    }
  }
}

function fileSetting(name: string): string {
  return `${name}_FILE`;
}

/**
 * A secret from the environment: the value of NAME, or what is in the file that NAME_FILE names; empty counts as not
 * set. A file keeps it out of `docker inspect` and of the environment that child processes get.
 * @throws ConfigError when both are set, or the file cannot be read
 */
export function readSecret(env: Env, name: string): string | undefined {
  const [value, file] = [env[name]?.trim(), env[fileSetting(name)]?.trim()];
  if (!file) return value || undefined;
  if (value) throw new ConfigError(`${name} and ${fileSetting(name)} are both set. Unset one of them.`);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${fileSetting(name)} names ${file}, which cannot be read (${code}).`);
  }
}

/** The value of each setting that is set or has a default; empty counts as not set. @throws ConfigError */
export function readEnv(env: Env): Partial<Record<SettingName, string>> {
  rejectUnknown(env);
  const read: Partial<Record<SettingName, string>> = {};
  for (const setting of SETTINGS as readonly (Setting & { name: SettingName })[]) {
    const given = setting.kind === 'secret' ? readSecret(env, setting.name) : env[setting.name]?.trim();
    const value = given || setting.default;
    if (value !== undefined) read[setting.name] = check(setting, value);
  }
  return read;
}

/** Parses `900`, `15m` or `30d` to seconds. @throws ConfigError */
export function seconds(name: string, text: string): number {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(text);
  if (!match) throw new ConfigError(`${name} must be a duration such as 900, 15m, 12h or 30d, not "${text}".`);
  return Number(match[1]) * (UNITS[match[2] || 's'] ?? 1);
}

function check(setting: Setting, value: string): string {
  if (setting.kind === 'integer' && !/^\d{1,15}$/.test(value)) {
    throw new ConfigError(`${setting.name} must be a whole number, not "${value}".`);
  }
  if (setting.kind === 'url' && !/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : '')) {
    throw new ConfigError(`${setting.name} must be an http:// or https:// address, not "${value}".`);
  }
  if (setting.kind === 'integer' || setting.kind === 'duration') {
    const number = setting.kind === 'integer' ? Number(value) : seconds(setting.name, value);
    if (number < (setting.min ?? 0) || number > (setting.max ?? Number.MAX_SAFE_INTEGER)) {
      const range = setting.max ? `between ${setting.min} and ${setting.max}` : `at least ${setting.min}`;
      throw new ConfigError(`${setting.name} must be ${range}, not "${value}".`);
    }
  }
  return value;
}
