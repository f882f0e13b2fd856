import { ConfigError } from '../../config/env.ts';

export interface InfluxAdmin {
  url: string;
  /** The operator token or an all-access token of the organisation; the server never has it. */
  adminToken: string;
}

export type Call = <Reply>(method: string, path: string, body?: object) => Promise<Reply>;

/** Calls InfluxDB's API with the admin token. What it refuses, and that it cannot be reached, is a ConfigError. */
export function adminCall({ url, adminToken }: InfluxAdmin): Call {
  return async <Reply>(method: string, path: string, body?: object) => {
    const reply = await fetch(new URL(path, url), {
      redirect: 'error',
      method,
      headers: { authorization: `Token ${adminToken}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    }).catch((error: Error) => {
      const { code, message } = (error.cause ?? error) as { code?: string; message: string };
      throw new ConfigError(`InfluxDB at ${url} cannot be reached (${code ?? message}). Check INFLUX_URL.`);
    });
    const text = await reply.text();
    if (reply.status === 401 || reply.status === 403)
      throw new ConfigError(
        'InfluxDB refuses INFLUX_ADMIN_TOKEN: it must be the operator token, or an all-access one.',
      );
    if (!reply.ok) throw new ConfigError(`InfluxDB refused ${method} ${path.split('?')[0]}: ${text.slice(0, 300)}`);
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  };
}
