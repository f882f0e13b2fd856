import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { describe, expect, it } from 'vitest';
import type { Running } from './running.ts';

const APPS = ['grafana', 'superset'] as const;

/** Whether the provider knows an app by this secret. */
export async function knowsApp({ stack }: Running, app: (typeof APPS)[number], secret: string): Promise<boolean> {
  const dispatcher = new Agent({ connect: { ca: stack.ca } });
  const authorization = `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none' });
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  const reply = await fetch(`${stack.url}/oidc/token`, { method: 'POST', headers, body: body.toString(), dispatcher });
  const { error } = (await reply.json()) as { error: string };
  await dispatcher.close();
  expect([reply.status, error]).toEqual(reply.status === 401 ? [401, 'invalid_client'] : [400, 'invalid_grant']);
  return reply.status === 400;
}

export function openIdTests(given: () => Running): void {
  describe('the OpenID provider', () => {
    it('is reached at every port of people, and all it names is at the public one', async () => {
      const { stack, client } = given();
      for (const port of [443, 9100, 9101]) {
        const address = `https://${stack.address}:${port}/oidc/.well-known/openid-configuration`;
        const { status, text } = await client.get(address);
        expect([port, status]).toEqual([port, 200]);
        const { issuer, ...rest } = JSON.parse(text) as Record<string, unknown>;
        expect(issuer).toBe(`${stack.url}/oidc`);
        const urls = Object.entries(rest).filter(([name]) => /_endpoint$|_uri$/.test(name));
        for (const [, url] of urls) expect(url).toMatch(new RegExp(`^${issuer}/`));
      }
    });

    it('knows each app by the secret that ./setup made, and by no other', async () => {
      for (const app of APPS) {
        const secret = readFileSync(join(given().stack.dir, `secrets/oidc-${app}-secret`), 'utf8').trim();
        expect(await knowsApp(given(), app, secret)).toBe(true);
        expect(await knowsApp(given(), app, `${secret}0`)).toBe(false);
      }
    });

    it('lets apps ask for tokens and keys from inside, without TLS, and serves nothing else there', async () => {
      const paths = ['jwks', 'me', '.well-known/openid-configuration', 'auth'];
      const ask = `Promise.all(${JSON.stringify(paths)}.map((path) => fetch('http://api:9100/oidc/' + path)
        .then((reply) => reply.status))).then((all) => console.log(all.join(' ')))`;
      const said = await given().stack.docker(['exec', 'robowatch-api-1', 'node', '-e', ask]);
      expect(said.trim()).toBe('200 401 404 404');
    });
  });
}
