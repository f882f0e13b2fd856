import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '../../../../tools/real/postgres.ts';
import { connect } from '../../src/db/client.ts';
import { startReplicas } from '../acknowledged/replicas.ts';
import { news, queue } from '../channels/news.ts';
import { until } from './history.ts';

export interface Takeover {
  /** Of the messages that arrived. */
  keys: string[];
  /** Between the first and the second. */
  seconds: number;
}

/** Longer than a lease. */
const AT_MOST_MS = 150_000;

/**
 * A replica dies while it sends. Another one, which was running all along, takes its lease over when that has run out: a minute of
 * real time.
 */
export async function takeover(): Promise<Takeover> {
  const arrivals: { at: number; key: string }[] = [];
  const receiver = createServer((request, response) => {
    arrivals.push({ at: Date.now(), key: String(request.headers['idempotency-key']) });
    request.resume();
    // The first is never answered, so that its sender dies while it waits.
    if (arrivals.length > 1) request.on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as { port: number };
  const postgres = await startPostgres();
  const api = await startReplicas(2, {
    ...{ DATABASE_URL: postgres.url, DATABASE_POOL_SIZE: '5', ALERT_ALLOWED_HOSTS: '127.0.0.1' },
  });
  const { db } = connect(postgres.url, 1);
  const [sender, heir] = api.pids() as [number, number];
  try {
    const first = api.any(() => 0);
    const token = await first.signIn();
    // Frozen, it cannot be the one that sends; it wakes up as the process that it was.
    process.kill(heir, 'SIGSTOP');
    const settings = { url: `http://127.0.0.1:${port}/` };
    const { body } = await first.call('POST', '/alert-channels', {
      token,
      body: { kind: 'webhook', name: 'h', settings },
    });
    await queue(db, [body.id], [news('firing')]);
    await until(async () => arrivals.length > 0, AT_MOST_MS);
    process.kill(heir, 'SIGCONT');
    process.kill(sender, 'SIGKILL');
    await until(async () => arrivals.length > 1, AT_MOST_MS);
    await sleep(3_000);
    const [one, two] = arrivals;
    return { keys: arrivals.map(({ key }) => key), seconds: two && one ? (two.at - one.at) / 1000 : 0 };
  } finally {
    process.kill(heir, 'SIGCONT');
    await db.destroy();
    await api.end();
    receiver.closeAllConnections();
    receiver.close();
    await postgres.stop();
  }
}
