import { ConfigError } from '../config/env.ts';

/** @returns undefined for what does not exist. What Grafana refuses, and that it cannot be reached, is a ConfigError. */
export type GrafanaCall = <Reply>(method: string, path: string, body?: object) => Promise<Reply | undefined>;

interface Access {
  url: string;
  user: string;
  password: string;
  /** Calls are about this one; otherwise the main one. */
  organisation?: number;
}

/** Calls Grafana's HTTP API as its administrator: only basic authentication may make organisations. */
export function grafanaCall({ url, user, password, organisation }: Access): GrafanaCall {
  const headers = {
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    'content-type': 'application/json',
    ...(organisation && { 'x-grafana-org-id': String(organisation) }),
  };
  return async <Reply>(method: string, path: string, body?: object) => {
    const reply = await fetch(new URL(path, url), {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(20_000),
    }).catch((error: Error) => {
      const { code, message } = (error.cause ?? error) as { code?: string; message: string };
      throw new ConfigError(`Grafana at ${url} cannot be reached (${code ?? message}).`);
    });
    const text = await reply.text();
    if (reply.status === 404 && method === 'GET') return undefined;
    if (reply.status === 401)
      throw new ConfigError(
        'Grafana refuses its administrator’s password. Make a new one: ./rotate grafana-admin-password',
      );
    if (!reply.ok) throw new ConfigError(`Grafana refused ${method} ${path}: ${reply.status} ${text.slice(0, 300)}`);
    return (text === '' ? {} : JSON.parse(text)) as Reply;
  };
}
