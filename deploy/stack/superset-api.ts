import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running } from './running.ts';

/** Calls the stack's Superset. */
export function supersetApi({ stack, client }: Running) {
  const url = `https://${stack.address}:9300`;
  const secret = (name: string) => readFileSync(join(stack.dir, 'secrets', name), 'utf8');
  const call = (path: string, token?: string, body?: object) => client.send(`${url}${path}`, { token, body });
  const logIn = (password = secret('superset-admin-password')) =>
    call('/api/v1/security/login', undefined, { username: 'admin', password, provider: 'db' });
  /** Kind, number and uuid of everything that is shown. */
  const objects = async () => {
    const { access_token } = (await logIn()).body;
    const found: string[] = [];
    for (const kind of ['database', 'dataset', 'chart', 'dashboard']) {
      const { result } = (await call(`/api/v1/${kind}/?q=(page_size:200)`, access_token)).body;
      found.push(...result.map(({ id, uuid }: { id: number; uuid: string }) => `${kind} ${id} ${uuid}`));
    }
    return found.sort();
  };
  return { url, secret, call, logIn, objects };
}
