import type { Configuration } from 'openid-client';
import type { IdentityProvider } from '../config/identity-provider.ts';

export interface Begun {
  nonce: string;
  verifier: string;
}
export interface OutsideIdentity {
  issuer: string;
  subject: string;
  email: string | undefined;
  isVerified: boolean;
  name: string | undefined;
  isAdmin: boolean;
  idToken: string;
}

const SCOPE = 'openid profile email';
const TIMEOUT_S = 10;
/** After this its keys' and endpoints' addresses are read again. */
const KNOWN_MS = 3_600_000;

/** The configured identity provider. Nothing but it, and what its own description names, is ever contacted. */
export class OutsideProvider {
  readonly settings: IdentityProvider;
  #redirectUri: string;
  #known: { at: number; config: Promise<Configuration> } | undefined;

  constructor(settings: IdentityProvider, publicUrl: string) {
    this.settings = settings;
    this.#redirectUri = `${publicUrl}/api/auth/outside/callback`;
  }

  /** Where the browser goes on. @returns also what must be remembered until it comes back */
  async begin(state: (begun: Begun) => Promise<string>): Promise<URL> {
    const [oidc, config] = [await load(), await this.#discover()];
    const begun = { nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
    return oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: this.#redirectUri, scope: SCOPE, state: await state(begun), nonce: begun.nonce },
      code_challenge: await oidc.calculatePKCECodeChallenge(begun.verifier),
      code_challenge_method: 'S256',
    });
  }

  /** @param query with which the browser came back @throws what the library throws when anything is not as it must be */
  async finish(query: string, state: string, { nonce, verifier }: Begun): Promise<OutsideIdentity> {
    const [oidc, config] = [await load(), await this.#discover()];
    const tokens = await oidc.authorizationCodeGrant(config, new URL(`${this.#redirectUri}?${query}`), {
      ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
    });
    const token = tokens.claims();
    if (!token || !tokens.id_token) throw new Error('no ID token');
    const more = config.serverMetadata().userinfo_endpoint
      ? await oidc.fetchUserInfo(config, tokens.access_token, token.sub)
      : {};
    const claims: Record<string, unknown> = { ...more, ...token };
    const { roles } = this.settings;
    return {
      ...{ issuer: token.iss, subject: token.sub, idToken: tokens.id_token },
      email: textOf(claims.email),
      isVerified: claims.email_verified === true,
      name: textOf(claims.name) ?? textOf(claims.preferred_username),
      isAdmin: roles !== undefined && valuesAt(claims, roles.claim).some((value) => roles.admin.includes(value)),
    };
  }

  /** Where the browser signs out there too, if the provider has such a page. */
  async endSessionUrl(idToken: string, back: string): Promise<string | undefined> {
    const [oidc, config] = [await load(), await this.#discover()];
    if (!config.serverMetadata().end_session_endpoint) return undefined;
    return oidc.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: back }).href;
  }

  #discover(): Promise<Configuration> {
    if (this.#known && Date.now() - this.#known.at < KNOWN_MS) return this.#known.config;
    const { issuer, clientId, clientSecret } = this.settings;
    const config = load().then((oidc) =>
      oidc.discovery(issuer, clientId, clientSecret, undefined, {
        timeout: TIMEOUT_S,
        // The configuration allows plain HTTP on this machine only.
        execute: issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [],
      }),
    );
    this.#known = { at: Date.now(), config };
    // Not kept, so that the next sign-in tries again.
    config.catch(() => {
      this.#known = undefined;
    });
    return config;
  }
}

/** Loaded only where it is used. */
const load = () => import('openid-client');
const textOf = (value: unknown) => (typeof value === 'string' && value.trim() ? value.trim().slice(0, 255) : undefined);

/** The values of a claim by its name, or by the path to it: `realm_access.roles`. */
function valuesAt(claims: Record<string, unknown>, path: string): string[] {
  const step = (value: unknown, key: string) => (value as Record<string, unknown> | undefined)?.[key];
  const found = claims[path] ?? path.split('.').reduce<unknown>(step, claims);
  return (Array.isArray(found) ? found : [found]).filter((value) => typeof value === 'string');
}
