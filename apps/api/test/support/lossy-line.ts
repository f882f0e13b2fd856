import { type RequestListener, request } from 'node:http';

export interface Instead {
  to: RegExp;
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

/** A proxy to `target` on 127.0.0.1 that can lose or replace replies. */
export function createLossyLine(target: number) {
  let mishaps: ('lost' | 'bad gateway')[] = [];
  let instead: Instead[] = [];

  const carry: RequestListener = (asked, reply) => {
    const { method, url: path = '/', headers } = asked;
    const other = instead.find(({ to }) => to.test(path));
    if (other) {
      instead = instead.filter((one) => one !== other);
      asked.resume();
      reply.writeHead(other.status, other.headers).end(JSON.stringify(other.body ?? {}));
      return;
    }
    const onward = request({ host: '127.0.0.1', port: target, method, path, headers }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      const mishap = body.includes('"token"') ? mishaps.shift() : undefined;
      if (mishap === 'lost') asked.socket.destroy();
      else if (mishap === 'bad gateway') reply.writeHead(502).end('Bad Gateway');
      else reply.writeHead(answer.statusCode ?? 500, answer.headers).end(body);
    });
    onward.on('error', () => reply.writeHead(502).end());
    asked.pipe(onward);
  };

  return {
    carry,
    /** What to do with the next replies that carry a robot's token. */
    loseTokens: (...what: typeof mishaps) => {
      mishaps = what;
    },
    /** Replies to send instead of the server's, each once. */
    answer: (...what: Instead[]) => {
      instead = what;
    },
    /** How many of these are still pending. */
    left: () => mishaps.length + instead.length,
  };
}
