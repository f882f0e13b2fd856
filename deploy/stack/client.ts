import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import type { Stack } from '../../tools/real/stack.ts';

/** The first administrator. */
export const PERSON = { email: 'admin@lab.example', name: 'Admin', password: 'correct horse battery' };

const PATIENCE_S = 30;

interface Call {
  method?: string;
  token?: string;
  body?: object | string;
  signal?: AbortSignal;
}

export type Client = ReturnType<typeof createClient>;

/** The edge's own pages are not JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}

/** Calls the stack over TLS, trusting only its own authority. */
export function createClient({ url, ca, compose }: Stack) {
  const dispatcher = new Agent({ connect: { ca } });
  const get = async (address: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(address, { headers, dispatcher, redirect: 'manual' });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const send = async (address: string, { method, token, body, signal }: Call = {}) => {
    const isText = typeof body === 'string';
    const headers: Record<string, string> = body ? { 'content-type': isText ? 'text/plain' : 'application/json' } : {};
    if (token) headers.authorization = `Bearer ${token}`;
    const sent = isText ? body : body && JSON.stringify(body);
    const how = method ?? (body ? 'POST' : 'GET');
    const reply = await fetch(address, { method: how, headers, body: sent, dispatcher, signal });
    const text = await reply.text();
    // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
    return { status: reply.status, body: (text ? readJson(text) : {}) as any };
  };
  const call = (method: string, path: string, options: Call = {}) => send(`${url}/api${path}`, { method, ...options });
  /** As people do: once more, while a replica that is being replaced still answers for the stack. */
  const insist = async (...what: Parameters<typeof call>) => {
    for (let attempt = 1; ; attempt++) {
      const { status, body } = await call(...what);
      if (status < 300) return body;
      if (status < 500 || attempt === PATIENCE_S) throw new Error(`${what[1]}: ${status} ${JSON.stringify(body)}`);
      await sleep(1000);
    }
  };
  /** Creates the first administrator with the link in the server's log. */
  const setUp = async () => {
    const token = /\/setup#(\S+)/.exec(await compose('logs', '--no-log-prefix', 'api'))?.[1];
    await insist('POST', '/auth/setup', { body: { token, ...PERSON } });
  };
  /** @returns an access token, which lasts for a quarter of an hour */
  const signIn = async (password = PERSON.password) => {
    const body = await insist('POST', '/auth/login', { body: { email: PERSON.email, password } });
    return body.access_token as string;
  };
  /** A confirmed robot's token. */
  const pair = async (token: string, code: string) => {
    await insist('POST', '/pair', { body: { hostname: `robot-${code}`, code } });
    const body = await insist('POST', `/pair/${code}/confirm`, { token, body: {} });
    return { id: body.robot_id as number, token: body.influxdb_token as string };
  };
  const events = async (token: string) => {
    const reply = await fetch(`${url}/api/events`, { headers: { authorization: `Bearer ${token}` }, dispatcher });
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const read = (async () => {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) return;
        text += value;
      }
    })().catch(() => undefined);
    return { text: () => text, close: () => reader?.cancel().then(() => read) };
  };
  return { get, send, call, setUp, signIn, pair, events, close: () => dispatcher.destroy() };
}
