import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll } from 'vitest';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Answers a request; the default is 200. */
type Answer = (response: ServerResponse, request: Received) => void;
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end();

/** A real HTTP server that notes what it receives. */
export function useHttpReceiver() {
  const all: Received[] = [];
  let answer: Answer = status(200);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
    all.push(received);
    answer(response, received);
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (next: Answer) => {
      answer = next;
    },
    at: (path: string) => all.filter((one) => one.path.startsWith(path)),
    json: (path: string) => all.filter((one) => one.path.startsWith(path)).map(({ body }) => JSON.parse(String(body))),
  };
}

export interface Mail {
  from: string;
  to: string[];
  raw: string;
}

/** A real mail server. Recipients that begin with `nobody` are refused, those with `later` are put off. */
export function mailReceiver() {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo({ address }, _session, done) {
      const code = address.startsWith('nobody') ? 550 : address.startsWith('later') ? 450 : undefined;
      done(code ? Object.assign(new Error('Refused'), { responseCode: code }) : undefined);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom ? mailFrom.address : '';
        mails.push({ from, to: rcptTo.map(({ address }) => address), raw: String(Buffer.concat(chunks)) });
        done();
      });
    },
  });
  server.on('error', () => {});
  return {
    start: () =>
      new Promise<string>((resolve) => {
        const listening = server.listen(0, '127.0.0.1', () =>
          resolve(`smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`),
        );
      }),
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
    to: (address: string) => mails.filter(({ to }) => to.includes(address)),
  };
}

/** The header of a mail, unfolded. */
export const headerOf = (mail: Mail | undefined, name: string) =>
  new RegExp(`^${name}: (.*)$`, 'im').exec(mail?.raw.split('\r\n\r\n')[0]?.replace(/\r\n\s+/g, ' ') ?? '')?.[1];
