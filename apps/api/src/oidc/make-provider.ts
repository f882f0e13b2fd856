import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { cookieName, findUser } from '../accounts/index.ts';
import type { Config } from '../config/config.ts';
import type { OpenIdClient } from '../config/openid-clients.ts';
import type { Database } from '../db/schema.ts';
import { makeAdapter } from './adapter.ts';
import { sessionOf } from './browser.ts';
import { ID_TOKEN_TTL, type ProviderKeys } from './keys.ts';
import { errorPage, signedOutPage, signOutPage } from './pages.ts';
import { makePolicy } from './policy.ts';

const SCOPE = 'openid profile email offline_access';
/** Seconds within which a sign-in has to be finished. */
const INTERACTION_TTL = 900;
const ANONYMOUS_SESSION_TTL = 600;

export const issuerOf = ({ publicUrl }: Pick<Config, 'publicUrl'>) => `${publicUrl}/oidc`;

/** The OpenID provider (OpenID Connect Core 1.0) with these keys. Everything else it needs is in the database. */
export function makeProvider(db: Database, config: Config, keys: ProviderKeys): Provider {
  const { clients, tokenTtl } = config.oidc;
  const { sessionTtl, sessionMaxAge } = config.auth;
  const provider = new Provider(issuerOf(config), {
    adapter: makeAdapter(db, config.auth),
    clients: clients.map((client) => metadataOf(client, config)),
    jwks: { keys: keys.signing },
    cookies: {
      keys: keys.cookies,
      names: {
        session: cookieName(config, 'oidc'),
        interaction: cookieName(config, 'oidc_interaction'),
        resume: cookieName(config, 'oidc_resume'),
      },
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: new URL(issuerOf(config)).pathname },
      // Their paths are those of the one sign-in that they belong to.
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    scopes: SCOPE.split(' '),
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'role'], email: ['email'] },
    // Grafana and Superset look for the role in the ID token.
    conformIdTokenClaims: false,
    findAccount: (_ctx, sub) => accountOf(db, sub),
    loadExistingGrant,
    interactions: { policy: makePolicy(), url: (_ctx, { uid }) => `${issuerOf(config)}/interaction/${uid}` },
    pkce: { required: () => true },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic'],
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    // It ends with the browser's session, by way of its grant.
    expiresWithSession: () => false,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { logoutSource: signOutPage, postLogoutSuccessSource: signedOutPage(config) },
    },
    renderError: errorPage(config),
    ttl: {
      AccessToken: tokenTtl,
      AuthorizationCode: 60,
      IdToken: ID_TOKEN_TTL,
      RefreshToken: sessionTtl,
      Grant: sessionMaxAge,
      Interaction: INTERACTION_TTL,
      Session: (_ctx, { accountId }) => (accountId ? sessionTtl : ANONYMOUS_SESSION_TTL),
    },
  } satisfies Configuration);
  // Forwarded headers are what routes.ts sets.
  provider.proxy = true;
  return provider;
}

const metadataOf = ({ id, name, secret, url, callback }: OpenIdClient, { publicUrl }: Pick<Config, 'publicUrl'>) => ({
  client_id: id,
  client_name: name,
  client_secret: secret,
  redirect_uris: [`${url}${callback}`],
  post_logout_redirect_uris: [`${publicUrl}/sign-in`, url, `${url}/`, `${url}/login`, `${url}/login/`],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code' as const],
  token_endpoint_auth_method: 'client_secret_basic' as const,
  id_token_signed_response_alg: 'RS256' as const,
  scope: SCOPE,
});

/** Read each time, so that a change of the role is seen and a deactivated user has none. */
async function accountOf(db: Database, sub: string) {
  const user = /^\d{1,9}$/.test(sub) ? await findUser(db, Number(sub)) : undefined;
  if (!user?.is_active) return undefined;
  const { email, name, role } = user;
  return { accountId: sub, claims: async () => ({ sub, email, name, preferred_username: email, role }) };
}

async function loadExistingGrant({ req, oidc }: KoaContextWithOIDC) {
  const { session, client, provider } = oidc;
  if (!session?.accountId || !client || String(sessionOf(req)?.userId) !== session.accountId) return undefined;
  const known = session.grantIdFor(client.clientId);
  const found = known ? await provider.Grant.find(known) : undefined;
  if (found) return found;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(SCOPE);
  await grant.save();
  return grant;
}
