import { Type } from 'typebox';
import { relyingParty } from '../accounts/index.ts';
import type { Config } from '../config/config.ts';
import { version } from '../config/version.ts';
import { type App, Nullable, replies } from '../http/schemas.ts';

const ServerInfo = Type.Object({
  version: Type.String(),
  public_url: Type.String({ description: 'URL at which people and robots reach the server' }),
  demo: Type.Boolean({ description: 'whether demonstration robots are offered' }),
  ca_sha256: Nullable(Type.String({ description: 'SHA-256 of /ca.crt, hex; null when robots need no private CA' })),
  grafana_url: Nullable(Type.String()),
  superset_url: Nullable(Type.String()),
  passkeys: Type.Boolean({ description: 'whether people may sign in with passkeys, on pages of public_url' }),
  identity_provider: Nullable(Type.String({ description: 'what the outside identity provider is called' })),
  needs_setup: Type.Boolean({
    description: 'there are no users yet: the one-time link that the server printed creates the first administrator',
  }),
});

/** No sign-in required: nothing here is secret. */
export function serverInfoRoutes(
  app: App,
  { config, hasUsers }: { config: Config; hasUsers: () => Promise<boolean> },
): void {
  app.get('/server', { schema: { tags: ['server'], response: replies({ 200: ServerInfo }) } }, async () => ({
    version,
    public_url: config.publicUrl,
    demo: config.hasDemo,
    ca_sha256: config.certificateAuthority?.sha256 ?? null,
    grafana_url: config.grafanaUrl ?? null,
    superset_url: config.supersetUrl ?? null,
    identity_provider: config.identityProvider?.label ?? null,
    passkeys: relyingParty(config) !== undefined,
    needs_setup: !(await hasUsers()),
  }));
}
