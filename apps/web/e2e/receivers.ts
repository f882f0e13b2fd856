import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

/** A real SMTP server on this machine, with what it was sent. */
export async function startMailbox() {
  const letters: string[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    onData: (stream, _session, done) => {
      void text(stream).then((letter) => {
        letters.push(letter);
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, letters, stop: () => new Promise<void>((done) => server.close(done)) };
}

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A real HTTP server on this machine, with what was posted to it; `answer` is what it says to the next. */
export async function startWebhookReceiver() {
  const received: Received[] = [];
  const state = { answer: 204 };
  const server = createServer(async (request, reply) => {
    received.push({ headers: request.headers, body: await text(request) });
    reply.writeHead(state.answer).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answerWith: (status: number) => (state.answer = status),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
