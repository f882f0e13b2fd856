import { ConfigError } from './env.ts';
import type { SettingName } from './settings.ts';

/** An outside identity provider (OpenID Connect) that people may sign in through. */
export interface IdentityProvider {
  issuer: URL;
  clientId: string;
  clientSecret: string;
  label: string;
  /** Where the role is, as `groups` or `realm_access.roles`, and which values make an administrator. */
  roles: { claim: string; admin: string[] } | undefined;
  signUp: 'invited' | 'anyone';
  /** Lower case; empty: any. */
  emailDomains: string[];
}

const listOf = (text = '') =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

/** @throws ConfigError when it is half configured */
export function identityProvider(read: Partial<Record<SettingName, string>>): IdentityProvider | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = read;
  const { OIDC_ROLE_CLAIM: claim, OIDC_ADMIN_VALUES: admin, OIDC_SIGN_UP: signUp } = read;
  if (!issuer && !clientId && !clientSecret) return undefined;
  if (!issuer || !clientId || !clientSecret)
    throw new ConfigError('OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together: set all or none.');
  const url = new URL(issuer);
  if (url.protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
    throw new ConfigError('OIDC_ISSUER must be https://: whoever can change what it answers can sign in as anybody.');
  if (!claim !== !admin)
    throw new ConfigError('OIDC_ROLE_CLAIM and OIDC_ADMIN_VALUES go together: set both or neither.');
  if (signUp !== 'invited' && signUp !== 'anyone') throw new ConfigError('OIDC_SIGN_UP must be invited or anyone.');
  return {
    ...{ issuer: url, clientId, clientSecret, signUp, label: read.OIDC_LABEL as string },
    roles: claim && admin ? { claim, admin: listOf(admin) } : undefined,
    emailDomains: listOf(read.OIDC_EMAIL_DOMAINS?.toLowerCase()),
  };
}
