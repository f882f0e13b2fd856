import pino, { type Logger } from 'pino';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/env.ts';

const REDACT = ['req.headers.authorization', 'req.headers.cookie'];

export const makeLog = ({ logLevel }: Config): Logger => pino({ level: logLevel, redact: REDACT });

/** Listens on a port. @throws ConfigError that names the setting to change */
export async function listening<Result>(listen: () => Promise<Result>, setting: string, port: number): Promise<Result> {
  try {
    return await listen();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'EADDRINUSE')
      throw new ConfigError(`Port ${port} is in use by another program. Stop it, or set ${setting} to another port.`);
    throw new ConfigError(`Cannot listen on port ${port} (${code ?? message}). Change ${setting} or LISTEN_HOST.`);
  }
}

/** Tells the operator where the server is, and how the first administrator gets in. */
export function announce(config: Config, setupLink: string | undefined): void {
  const lines = [
    '',
    '  Robowatch is running.',
    '',
    `  Web app   ${config.publicUrl}`,
    `  REST API  http://localhost:${config.listen.apiPort}/api/docs`,
  ];
  if (setupLink) lines.push('', '  Create the first administrator with this link (it works once):', `  ${setupLink}`);
  say(`${lines.join('\n')}\n`);
}

export const say = (text: string) => void process.stdout.write(`${text}\n`);
