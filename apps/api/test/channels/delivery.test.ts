import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { compose } from '../../src/composition.ts';
import { type Person, useTestApi } from '../support/test-api.ts';
import { news, passTime, queue, waiting } from './news.ts';
import { headerOf, mailReceiver, status, useHttpReceiver } from './receivers.ts';

const receiver = useHttpReceiver();
const mail = mailReceiver();
const api = useTestApi(async () => ({
  SMTP_URL: await mail.start(),
  SMTP_FROM: 'Robowatch <robowatch@lab.example>',
  ALERT_ALLOWED_HOSTS: '127.0.0.1',
  ALERT_GROUP_WAIT: '1',
  ALERT_TESTS_PER_USER: '2',
  ALERT_MAILS_PER_USER: '6',
  PUBLIC_URL: 'https://robots.example',
}));
afterAll(() => mail.stop());
const db = () => api.deps().db;

let paths = 0;
/** A channel of its own path on the receiver. */
async function channel(owner: Person, more: object = {}) {
  const path = `/hook-${++paths}/`;
  const body = { kind: 'webhook', name: path, settings: { url: receiver.url() + path }, ...more };
  const made = await api.call('POST', '/alert-channels', { token: owner.token, body });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const read = async () => (await api.call('GET', `/alert-channels/${made.body.id}`, { token: owner.token })).body;
  return { id: made.body.id as number, secret: made.body.secret as string, path, read };
}
const mailTo = (owner: Person, to: string, more: object = {}) =>
  channel(owner, { kind: 'email', settings: { to }, ...more });
const keys = (path: string) => receiver.at(path).map(({ headers }) => headers['idempotency-key']);

it('somebody’s alerts send so many e-mails an hour, whatever the addresses; the rest waits, and the owner sees why', async () => {
  const owner = await api.person();
  const addresses = Array.from({ length: 7 }, (_, i) => `many-${i}@lab.example`);
  const made = await Promise.all(addresses.map((to) => mailTo(owner, to)));
  expect((await addAgain(owner, addresses[0] as string)).status).toBe(400);
  const moved = { token: owner.token, body: { settings: { to: addresses[1] } } };
  expect((await api.call('PATCH', `/alert-channels/${made[0]?.id}`, moved)).status).toBe(400);
  await queue(
    db(),
    made.map(({ id }) => id),
    [news('firing')],
  );
  const refused = async () =>
    (await Promise.all(made.map(({ read }) => read()))).filter(({ last_error }) => /within an hour/.test(last_error));
  await expect.poll(async () => (await refused()).length).toBe(1);
  const [{ id }] = (await refused()) as [{ id: number }];
  expect(await waiting(db(), id)).toHaveLength(1);
  const others = made.filter((one) => one.id !== id);
  for (const other of others) await expect.poll(() => waiting(db(), other.id)).toEqual([]);
});

const addAgain = (owner: Person, to: string) =>
  api.call('POST', '/alert-channels', {
    token: owner.token,
    body: { kind: 'email', name: 'again', settings: { to: to.toUpperCase() } },
  });

describe('a webhook', () => {
  it('gets one request for each alert, signed', async () => {
    const { id, secret, path, read } = await channel(await api.person());
    const [first, second] = [news('firing', { value: true }), news('firing', { robot: { id: 6, name: 'rover' } })];
    await queue(db(), [id], [first, second]);
    await expect.poll(() => receiver.at(path)).toHaveLength(2);
    expect(receiver.json(path)[0]).toEqual({
      ...{ id: Number(first.alertId), state: 'firing', rule: { id: 3, name: 'Silent' }, value: true },
      robot: { id: 5, name: 'crane', url: 'https://robots.example/robots/5' },
      ...{ since: '2030-06-05T11:03:00Z', severity: 'warning' },
      message: 'crane has been offline since 11:03 on 5 Jun (UTC).',
    });
    for (const { headers, body } of receiver.at(path)) {
      const [, unix, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-robowatch-signature'])) ?? [];
      expect(hex).toBe(createHmac('sha256', secret).update(`${unix}.`).update(body).digest('hex'));
      expect(Math.abs(Number(unix) - Date.now() / 1000)).toBeLessThan(600);
    }
    expect(new Set(keys(path)).size).toBe(2);
    await expect.poll(() => waiting(db(), id)).toEqual([]);
    expect((await read()).last_sent_at).not.toBeNull();
  });

  it('in the form of a chat gets one message, without the power to mention anybody', async () => {
    const owner = await api.person();
    const chats = [
      ['slack', 'text', '&lt;!channel&gt;'],
      ['mattermost', 'text', '@\u200ball'],
      ['discord', 'content', '@\u200ball'],
      ['matrix', 'html', '&lt;!channel&gt;'],
    ] as const;
    const pathOf = (format: string) => `/chat-${format}/`;
    const settings = chats.map(([format]) => ({ url: receiver.url() + pathOf(format), format }));
    const made = await Promise.all(settings.map((one) => channel(owner, { settings: one })));
    const robots = [1, 2].map((robot) => news('firing', { robot: { id: robot, name: '<!channel> @all' } }));
    await queue(
      db(),
      made.map(({ id }) => id),
      robots,
    );
    for (const [format, member, expected] of chats) {
      await expect.poll(() => receiver.at(pathOf(format))).toHaveLength(1);
      expect(receiver.json(pathOf(format))[0][member]).toContain('2 robots are offline');
      expect(receiver.json(pathOf(format))[0][member]).toContain(expected);
    }
  });
});

describe('a message', () => {
  it('by e-mail lists thirty robots in one, in the channel’s language', async () => {
    const owner = await api.person();
    const [en, ru] = [await mailTo(owner, 'en@lab.example'), await mailTo(owner, 'ru@lab.example', { language: 'ru' })];
    const all = Array.from({ length: 30 }, (_, i) => news('firing', { robot: { id: i + 1, name: `robot-${i + 1}` } }));
    await queue(db(), [en.id, ru.id], all);
    await expect.poll(() => [mail.to('en@lab.example'), mail.to('ru@lab.example')].flat()).toHaveLength(2);
    const [english] = mail.to('en@lab.example');
    expect(headerOf(english, 'Subject')).toBe('[Robowatch] 30 robots are offline');
    expect(headerOf(english, 'From')).toBe('Robowatch <robowatch@lab.example>');
    expect(headerOf(english, 'Message-ID')).toBe(`<${headerOf(english, 'Idempotency-Key')}@lab.example>`);
    for (let i = 1; i <= 30; i++) expect(english?.raw).toContain(`https://robots.example/robots/${i}`);
    const subject = headerOf(mail.to('ru@lab.example')[0], 'Subject') ?? '';
    expect(decoded(subject)).toBe('[Robowatch] 30 роботов не на связи');
  });

  it('cannot have headers or recipients from names', async () => {
    const owner = await api.person();
    const { id } = await mailTo(owner, 'safe@lab.example');
    const evil = 'x\r\nBcc: victim@lab.example\r\n\r\n<script>alert(1)</script>';
    await queue(db(), [id], [news('firing', { robot: { id: 1, name: evil }, rule: { id: 1, name: evil } })]);
    await expect.poll(() => mail.to('safe@lab.example')).toHaveLength(1);
    const [sent] = mail.to('safe@lab.example');
    expect([sent?.to, headerOf(sent, 'Bcc'), mail.to('victim@lab.example')]).toEqual([
      ['safe@lab.example'],
      undefined,
      [],
    ]);
    expect(sent?.raw.slice(sent.raw.indexOf('<!doctype html>'))).not.toContain('<script>');
    for (const to of ['a@lab.example,b@lab.example', '"x" <a@lab.example>', 'a@lab.example\r\nBcc: b@lab.example']) {
      const body = { kind: 'email', name: 'x', settings: { to } };
      expect((await api.call('POST', '/alert-channels', { token: owner.token, body })).status, to).toBe(400);
    }
  });

  it('to ntfy has its priority, link and token', async () => {
    const settings = { url: `${receiver.url()}/ntfy/`, topic: 'robots', token: 'tk_1' };
    const { id } = await channel(await api.person(), { kind: 'ntfy', settings });
    await queue(db(), [id], [news('firing', { severity: 'critical' })]);
    await expect.poll(() => receiver.at('/ntfy/')).toHaveLength(1);
    expect(receiver.at('/ntfy/')[0]?.headers.authorization).toBe('Bearer tk_1');
    expect(receiver.json('/ntfy/')[0]).toMatchObject({
      ...{ topic: 'robots', priority: 5, title: 'crane is offline', click: 'https://robots.example/robots/5' },
    });
  });

  it('is held in quiet hours unless it is critical, and what is over by then is told of once', async () => {
    const time_zone = 'UTC';
    const at = (ms: number) => new Date(Date.now() + ms).toISOString().slice(11, 16);
    const quiet_hours = { from: at(-3_600_000), to: at(7_200_000), time_zone };
    const { id, path } = await channel(await api.person(), { quiet_hours });
    const calm = news('firing', { severity: 'warning' });
    await queue(db(), [id], [calm, news('firing', { severity: 'critical' })]);
    await expect.poll(() => receiver.at(path)).toHaveLength(1);
    expect(receiver.json(path)[0].severity).toBe('critical');
    await queue(db(), [id], [news('resolved', { alertId: calm.alertId })]);
    await expect
      .poll(async () => (await waiting(db(), id)).every(({ due_at }) => due_at.getTime() > Date.now()))
      .toBe(true);
    await sql`update alert_channels set quiet_hours = null where id = ${id}`.execute(db());
    await sql`update alert_notifications set due_at = now() where channel_id = ${id}`.execute(db());
    await expect
      .poll(() => receiver.json(path).slice(1))
      .toMatchObject([{ id: Number(calm.alertId), state: 'resolved' }]);
    await expect.poll(() => waiting(db(), id)).toEqual([]);
  });

  it('is not sent to people who are deactivated, nor for a channel that is deleted', async () => {
    const [owner, other, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const [off, gone, good] = [await channel(owner), await channel(other), await channel(other)];
    receiver.answer((response, { path }) => status(path === good.path ? 200 : 503)(response, { path } as never));
    await queue(db(), [off.id, gone.id], [news('firing')]);
    await expect.poll(() => [...receiver.at(off.path), ...receiver.at(gone.path)]).toHaveLength(2);
    await api.call('PATCH', `/users/${owner.id}`, { token: admin.token, body: { is_active: false } });
    await api.call('DELETE', `/alert-channels/${gone.id}`, { token: other.token });
    receiver.answer(status(200));
    await passTime(db());
    await queue(db(), [off.id, gone.id, good.id], [news('firing')]);
    await expect.poll(() => receiver.at(good.path)).toHaveLength(1);
    await api.deps().channels.giveUpStale();
    expect([receiver.at(off.path).length, receiver.at(gone.path).length]).toEqual([1, 1]);
    expect([await waiting(db(), off.id), await waiting(db(), gone.id)]).toEqual([[], []]);
  });
});

describe('a receiver', () => {
  it('that fails for a while gets the same message again, with the same key, and in order', async () => {
    const { id, path, read } = await channel(await api.person());
    receiver.answer(status(500));
    const began = news('firing');
    await queue(db(), [id], [began]);
    await expect.poll(async () => (await read()).last_error).toBe('The receiver replied 500.');
    expect((await read()).failing_since).not.toBeNull();
    await queue(db(), [id], [news('resolved', { alertId: began.alertId })]);
    await passTime(db());
    await expect.poll(() => receiver.at(path).length).toBeGreaterThan(1);
    receiver.answer(status(200));
    await expect
      .poll(async () => {
        await passTime(db());
        return waiting(db(), id);
      })
      .toEqual([]);
    const states = receiver.json(path).map(({ state }) => state);
    expect([states.at(-1), new Set(states.slice(0, -1))]).toEqual(['resolved', new Set(['firing'])]);
    expect([new Set(keys(path)).size, new Set(keys(path).slice(0, -1)).size]).toEqual([2, 1]);
    expect(await read()).toMatchObject({ failing_since: null, last_error: null });
  });

  it('is asked again no sooner than it says, and what it refuses is not sent again', async () => {
    const owner = await api.person();
    const [busy, strict] = [await channel(owner), await channel(owner)];
    receiver.answer((response, { path }) =>
      path === busy.path
        ? status(429, { 'retry-after': '3000' })(response, {} as never)
        : status(422)(response, {} as never),
    );
    await queue(db(), [busy.id, strict.id], [news('firing')]);
    await expect
      .poll(async () => [await busy.read(), await strict.read()].map((one) => one.last_error))
      .toEqual(['The receiver replied 429.', 'The receiver replied 422.']);
    receiver.answer(status(200));
    const [put] = await waiting(db(), busy.id);
    expect(put?.due_at.getTime()).toBeGreaterThan(Date.now() + 2_000_000);
    const { retry_at } = await db()
      .selectFrom('alert_channels')
      .select('retry_at')
      .where('id', '=', busy.id)
      .executeTakeFirstOrThrow();
    expect(retry_at.getTime()).toBeGreaterThan(Date.now() + 2_000_000);
    expect(await waiting(db(), strict.id)).toEqual([]);
  });

  it('that fails for a day is given up', async () => {
    const { id, read } = await channel(await api.person());
    receiver.answer(status(500));
    await queue(db(), [id], [news('firing')]);
    await expect.poll(async () => (await read()).last_error).not.toBeNull();
    await sql`update alert_notifications set first_tried_at = now() - interval '25 hours' where channel_id = ${id}`.execute(
      db(),
    );
    await passTime(db());
    await expect.poll(() => waiting(db(), id)).toEqual([]);
    receiver.answer(status(200));
    const metrics = await api.deps().telemetry.registry.metrics();
    expect(metrics).toMatch(/robowatch_alert_deliveries_total\{kind="webhook",outcome="given_up"\} [1-9]/);
    expect(metrics).toMatch(/robowatch_alert_waiting \d/);
    expect(metrics).toMatch(/robowatch_alert_oldest_waiting_seconds \d/);
  });

  it('that keeps failing is told of, once, on another channel that works', async () => {
    const owner = await api.person();
    const [bad] = [await channel(owner), await mailTo(owner, 'told@lab.example')];
    receiver.answer(status(502));
    await queue(db(), [bad.id], [news('firing')]);
    await expect.poll(async () => (await bad.read()).failing_since).not.toBeNull();
    expect(mail.to('told@lab.example')).toEqual([]);
    await sql`update alert_channels set failing_since = now() - interval '6 minutes' where id = ${bad.id}`.execute(
      db(),
    );
    await passTime(db());
    await expect.poll(() => mail.to('told@lab.example')).toHaveLength(1);
    await passTime(db());
    await expect.poll(() => receiver.at(bad.path).length).toBeGreaterThan(2);
    expect(mail.to('told@lab.example')[0]?.raw).toContain('502');
    expect(mail.to('told@lab.example')).toHaveLength(1);
    receiver.answer(status(200));
  });

  it('that hangs holds up nobody else, and gets no more than its share at once', async () => {
    const [owner, other] = [await api.person(), await api.person()];
    const hanging: Awaited<ReturnType<typeof channel>>[] = [];
    for (let i = 0; i < 12; i++) hanging.push(await channel(owner));
    const slow = new Set(hanging.map(({ path }) => path));
    receiver.answer((response, { path }) => (slow.has(path) ? undefined : status(200)(response, {} as never)));
    await queue(
      db(),
      hanging.map(({ id }) => id),
      [news('firing')],
    );
    const begun = () => hanging.flatMap(({ path }) => receiver.at(path)).length;
    await expect.poll(begun).toBe(8);
    await mailTo(other, 'quick@lab.example').then(({ id }) => queue(db(), [id], [news('firing')]));
    await expect.poll(() => mail.to('quick@lab.example')).toHaveLength(1);
    expect(begun()).toBe(8);
    for (const { id } of hanging) await api.call('DELETE', `/alert-channels/${id}`, { token: owner.token });
    receiver.answer(status(200));
  });

  it('of e-mail that refuses for good is told from one that asks to wait', async () => {
    const owner = await api.person();
    const [never, later] = [await mailTo(owner, 'nobody@lab.example'), await mailTo(owner, 'later@lab.example')];
    await queue(db(), [never.id, later.id], [news('firing')]);
    await expect
      .poll(async () => [(await never.read()).last_error, (await later.read()).last_error])
      .toEqual(['The mail server replied 550.', 'The mail server replied 450.']);
    const left = [await waiting(db(), never.id), await waiting(db(), later.id)];
    expect(left.map((rows) => rows.filter(({ alert_id }) => alert_id).length)).toEqual([0, 1]);
  });
});

it('two replicas send each notification once', async () => {
  const owners = await Promise.all([api.person(), api.person(), api.person()]);
  const made = await Promise.all(owners.flatMap((owner) => [channel(owner), channel(owner), channel(owner)]));
  const all = Array.from({ length: 12 }, () => news('firing'));
  const second = await compose(api.deps().config);
  try {
    await queue(
      db(),
      made.map(({ id }) => id),
      all,
    );
    // An error, such as a deadlock, must not keep the test from counting.
    const failed: unknown[] = [];
    const deliver = async () => {
      const runs = await Promise.allSettled([second.channels.deliver(), api.deps().channels.deliver()]);
      failed.push(...runs.flatMap((run) => (run.status === 'rejected' ? [run.reason] : [])));
    };
    await expect
      .poll(async () => {
        await deliver();
        return (await Promise.all(made.map(({ id }) => waiting(db(), id)))).flat();
      })
      .toEqual([]);
    for (const { path } of made)
      expect(receiver.json(path).map(({ id }) => id)).toEqual(all.map(({ alertId }) => Number(alertId)));
    expect(failed).toEqual([]);
  } finally {
    await second.close();
  }
});

describe('a test message', () => {
  const test = (person: Person, id: number) => api.call('POST', `/alert-channels/${id}/test`, { token: person.token });

  it('is sent at once, says what is wrong, and is limited', async () => {
    const [owner, other] = [await api.person(), await api.person()];
    const { id, path, read } = await channel(owner);
    expect((await test(other, id)).status).toBe(404);
    expect((await test(owner, id)).body).toEqual({ delivered: true, error: null });
    expect(receiver.json(path)).toMatchObject([{ state: 'test', id: null }]);
    expect((await read()).tested_at).not.toBeNull();
    receiver.answer(status(302, { location: 'http://127.0.0.1/' }));
    const failed = await test(owner, id);
    receiver.answer(status(200));
    expect(failed.body).toEqual({ delivered: false, error: expect.stringContaining('redirects') });
    const limited = await test(owner, id);
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, expect.anything()]);
    expect(receiver.at(path)).toHaveLength(2);
  });
});

/** RFC 2047, as far as one mail program writes it. */
const decoded = (header: string) =>
  header
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_all, how: string, text: string) =>
      how.toUpperCase() === 'B'
        ? String(Buffer.from(text, 'base64'))
        : decodeURIComponent(text.replaceAll('_', ' ').replace(/=([0-9A-F]{2})/g, '%$1')),
    );
