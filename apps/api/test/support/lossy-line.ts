import { type RequestListener, request } from 'node:http';

export interface Instead {
  to: RegExp;
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

/** A line to the server at `target` on 127.0.0.1 that loses replies and carries others, as it is told. */
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
    /** What becomes of the next replies that bring a robot its token. */
    loseTokens: (...what: typeof mishaps) => {
      mishaps = what;
    },
    /** Answers that the server would give at other times, each once. */
    answer: (...what: Instead[]) => {
      instead = what;
    },
    /** How much of that has not happened yet. */
    left: () => mishaps.length + instead.length,
  };
}
