import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { connect } from '../../src/db/client.ts';
import { launch } from '../support/server-process.ts';
import { freshDatabase } from '../support/test-api.ts';
import { news, queue, waiting } from './news.ts';
import { status, useHttpReceiver } from './receivers.ts';

const receiver = useHttpReceiver();
const settings = (url: string) => ({
  ...{ DATABASE_URL: url, SECRET_KEY: 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0' },
  ...{ ALERT_ALLOWED_HOSTS: '127.0.0.1', ALERT_GROUP_WAIT: '0' },
});

it('what was sent when the server died is sent once more, with the same key, by another replica', async () => {
  const url = await freshDatabase();
  const env = settings(url);
  const dying = await launch({ env });
  const { db } = connect(url, 2);
  const second = await launch({ env });
  try {
    const token = await dying.signIn();
    const { body } = await dying.call('POST', '/alert-channels', {
      token,
      body: { kind: 'webhook', name: 'h', settings: { url: `${receiver.url()}/hook/` } },
    });
    // Nothing is answered, so the sending is not over when its process is killed, whichever has taken it.
    receiver.answer(() => {});
    const all = [news('firing'), news('firing')];
    await queue(db, [body.id], all);
    await expect.poll(() => receiver.at('/hook/')).toHaveLength(1);
    await Promise.all([dying.end('SIGKILL'), second.end('SIGKILL')]);
    receiver.answer(status(200));
    const third = await launch({ env });
    try {
      // The dead one's lease still holds: nobody else sends for the channel.
      const { held_until } = await db.selectFrom('alert_channels').select('held_until').executeTakeFirstOrThrow();
      expect(held_until).not.toBeNull();
      await sql`update alert_channels set held_until = now()`.execute(db);
      await expect.poll(() => waiting(db, body.id)).toEqual([]);
    } finally {
      await third.end();
    }
    const keyOf = (alertId: string) =>
      receiver
        .at('/hook/')
        .filter((one) => JSON.parse(String(one.body)).id === Number(alertId))
        .map(({ headers }) => headers['idempotency-key']);
    const [first, other] = all.map(({ alertId }) => keyOf(alertId)) as [string[], string[]];
    expect([first.length, new Set(first).size, other.length]).toEqual([2, 1, 1]);
  } finally {
    await dying.end('SIGKILL');
    await second.end('SIGKILL');
    await db.destroy();
  }
});

it('of many that were sent one after the other when the server died, only the last is sent again', async () => {
  const url = await freshDatabase();
  const env = settings(url);
  const dying = await launch({ env });
  const { db } = connect(url, 2);
  try {
    const token = await dying.signIn();
    const { body } = await dying.call('POST', '/alert-channels', {
      token,
      body: { kind: 'webhook', name: 'h', settings: { url: `${receiver.url()}/many/` } },
    });
    receiver.answer((response, request) => receiver.at('/many/').length < 4 && status(200)(response, request));
    const all = Array.from({ length: 6 }, () => news('firing'));
    await queue(db, [body.id], all);
    await expect.poll(() => receiver.at('/many/')).toHaveLength(4);
    await dying.end('SIGKILL');
    receiver.answer(status(200));
    await sql`update alert_channels set held_until = now()`.execute(db);
    const next = await launch({ env });
    try {
      await expect.poll(() => waiting(db, body.id)).toEqual([]);
    } finally {
      await next.end();
    }
    const keys = all.map(({ alertId }) =>
      receiver
        .at('/many/')
        .filter((one) => JSON.parse(String(one.body)).id === Number(alertId))
        .map(({ headers }) => headers['idempotency-key']),
    );
    expect(keys.map(({ length }) => length)).toEqual([1, 1, 1, 2, 1, 1]);
    expect(new Set(keys.flat()).size).toBe(6);
  } finally {
    await dying.end('SIGKILL');
    await db.destroy();
  }
});
