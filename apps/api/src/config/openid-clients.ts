import { ConfigError } from './env.ts';
import type { SettingName } from './settings.ts';

const MIN_LENGTH = 32;

/** The apps that sign people in through this server. */
export type AppName = 'grafana' | 'superset';

export interface OpenIdClient {
  id: AppName;
  name: string;
  secret: string;
  /** Where people reach the app, without a slash at the end. */
  url: string;
  /** Path to which the app wants people sent back. */
  callback: string;
}

const APPS = [
  {
    id: 'grafana',
    name: 'Grafana',
    secret: 'OIDC_GRAFANA_SECRET',
    url: 'GRAFANA_URL',
    callback: '/login/generic_oauth',
  },
  {
    id: 'superset',
    name: 'Superset',
    secret: 'OIDC_SUPERSET_SECRET',
    url: 'SUPERSET_URL',
    callback: '/oauth-authorized/robowatch',
  },
] as const;

/** Those with a secret. @throws ConfigError when a secret is short, or the app's URL is missing */
export function openIdClients(read: Partial<Record<SettingName, string>>): OpenIdClient[] {
  return APPS.flatMap(({ id, name, secret: setting, url: urlSetting, callback }) => {
    const [secret, url] = [read[setting], read[urlSetting]];
    if (!secret) return [];
    if (!url) throw new ConfigError(`${urlSetting} is required with ${setting}.`);
    if (secret.length < MIN_LENGTH || new Set(secret).size < 8)
      throw new ConfigError(
        `${setting} must have at least ${MIN_LENGTH} characters, not too regular ones. Generate one: openssl rand -hex 32`,
      );
    return [{ id, name, secret, url: url.replace(/\/+$/, ''), callback }];
  });
}
