import { createServer } from 'node:http';
import Provider, { interactionPolicy } from 'oidc-provider';

export interface Identity {
  email?: string;
  email_verified?: boolean;
  name?: string;
  groups?: string[];
}
interface Options {
  port: number;
  client: { id: string; secret: string; redirectUri: string; afterSignOut: string };
}

/** A real OpenID provider of somebody else: another site, whose page asks which of its people is there. */
export async function startIdentityProvider({ port, client }: Options) {
  const issuer = `http://localhost:${port}`;
  const people = new Map<string, Identity>();
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: client.id, client_secret: client.secret },
        redirect_uris: [client.redirectUri],
        post_logout_redirect_uris: [client.afterSignOut],
      },
    ],
    cookies: { keys: ['of a test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    pkce: { required: () => true },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, ...people.get(sub) }) }),
    interactions: { policy, url: (_ctx, { uid }) => `/who/${uid}` },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        logoutSource(ctx, form) {
          ctx.body = `${form}<button form="op.logoutForm" name="logout" value="yes">Leave</button>`;
        },
      },
    },
    async loadExistingGrant({ oidc }) {
      const { session, client: known, provider: own } = oidc;
      const grant = new own.Grant({ clientId: known?.clientId, accountId: session?.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  const server = createServer(async (request, reply) => {
    const [, uid, sub] = /^\/who\/([\w-]+)(?:\/(.+))?$/.exec(request.url ?? '') ?? [];
    if (!uid) return answer(request, reply);
    if (sub === 'nobody') {
      const result = { error: 'access_denied' };
      return provider.interactionFinished(request, reply, result, { mergeWithLastSubmission: false });
    }
    if (sub) return provider.interactionFinished(request, reply, { login: { accountId: sub } });
    const links = [...people.keys(), 'nobody'].map((id) => `<p><a href="/who/${uid}/${id}">${id}</a></p>`);
    reply.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>Who are you?</h1>${links.join('')}`);
  });
  await new Promise<void>((listening) => void server.listen(port, 'localhost', listening));
  return {
    issuer,
    people,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
