import { describe, expect, it } from 'vitest';
import { type Person, useTestApi } from '../support/test-api.ts';

const api = useTestApi({ ALERT_ALLOWED_HOSTS: '127.0.0.1' });
/** Of the right length, but no point of the curve. */
const NO_POINT = {
  p256dh: Buffer.from([4, ...Array<number>(64).fill(1)]).toString('base64url'),
  auth: Buffer.alloc(16).toString('base64url'),
};
const OUTSIDE = 'https://203.0.114.9';
const add = (person: Person, body: object) => api.call('POST', '/alert-channels', { token: person.token, body });
const webhook = (settings: object = {}) => ({
  kind: 'webhook',
  name: 'hook',
  settings: { url: `${OUTSIDE}/a`, ...settings },
});
const ntfy = (settings: object = {}) => ({
  kind: 'ntfy',
  name: 'phone',
  settings: { url: OUTSIDE, topic: 'robots', ...settings },
});
const change = (person: Person, id: number, body: object) =>
  api.call('PATCH', `/alert-channels/${id}`, { token: person.token, body });

describe('a channel', () => {
  it('is made, listed, changed and deleted by its owner', async () => {
    const owner = await api.person();
    const made = await add(owner, {
      ...ntfy(),
      language: 'ru',
      quiet_hours: { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' },
    });
    expect([made.status, made.body]).toEqual([
      201,
      expect.objectContaining({ kind: 'ntfy', language: 'ru', has_secret: false }),
    ]);
    const { id } = made.body;
    const listed = await api.call('GET', '/alert-channels', { token: owner.token });
    expect(listed.body).toEqual({ items: [made.body], kinds: ['ntfy', 'webhook', 'webpush'] });
    expect((await api.call('GET', `/alert-channels/${id}`, { token: owner.token })).body).toEqual(made.body);
    const spelled = await change(owner, id, { time_zone: 'america/ARGENTINA/buenos_aires' });
    expect(spelled.body.time_zone).toMatch(/^America\//);
    const changed = await change(owner, id, { name: 'tablet', quiet_hours: null });
    expect(changed.body).toMatchObject({ id, name: 'tablet', quiet_hours: null, settings: { topic: 'robots' } });
    expect((await api.call('DELETE', `/alert-channels/${id}`, { token: owner.token })).status).toBe(204);
    expect((await api.call('GET', `/alert-channels/${id}`, { token: owner.token })).status).toBe(404);
    const log = await api.call('GET', '/audit?action=alert_channel', { token: (await api.person('admin')).token });
    expect(log.body.items.map(({ action }: { action: string }) => action)).toEqual([
      'alert_channel.deleted',
      'alert_channel.changed',
      'alert_channel.changed',
      'alert_channel.created',
    ]);
  });

  it('is nobody else’s, an administrator’s neither, and a key that reads changes nothing', async () => {
    const [owner, other, admin] = [await api.person(), await api.person(), await api.person('admin')];
    const { id } = (await add(owner, webhook())).body;
    const read = (await api.call('POST', '/api-keys', { token: owner.token, body: { name: 'k', scope: 'read' } })).body
      .key;
    for (const [person, status] of [
      [other.token, 404],
      [admin.token, 404],
      [read, 403],
    ] as const) {
      for (const [method, path, body] of [
        ['PATCH', `/alert-channels/${id}`, { name: 'x' }],
        ['DELETE', `/alert-channels/${id}`, undefined],
      ] as const)
        expect((await api.call(method, path, { token: person, body })).status, `${method} ${path}`).toBe(status);
    }
    expect((await api.call('POST', '/alert-channels', { token: read, body: webhook() })).status).toBe(403);
    expect((await api.call('GET', `/alert-channels/${id}`, { token: other.token })).status).toBe(404);
    expect((await api.call('GET', '/alert-channels', { token: admin.token })).body.items).toEqual([]);
    expect((await api.call('GET', `/alert-channels/${id}`, { token: read })).body.name).toBe('hook');
  });

  it('never answers its secrets, and keeps them sealed', async () => {
    const owner = await api.person();
    const [token, secret, path] = ['tk_a1b2c3d4e5f6', 'a secret of sixteen letters', 'T0001/B0002/XYZ'];
    const made = [
      await add(owner, ntfy({ token })),
      await add(owner, webhook({ secret })),
      await add(owner, webhook({ url: `${OUTSIDE}/services/${path}`, format: 'slack' })),
    ];
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
    const answers = [...made, await api.call('GET', '/alert-channels', { token: owner.token })];
    const rows = await api.deps().db.selectFrom('alert_channels').selectAll().execute();
    const log = await api.deps().db.selectFrom('audit_log').selectAll().execute();
    for (const hidden of [token, secret, path])
      expect(JSON.stringify([answers.map(({ body }) => body), rows, log])).not.toContain(hidden);
    expect(rows.every(({ encrypted_secrets }) => encrypted_secrets)).toBe(true);
  });

  it('has its webhook’s secret made and shown once when none is given', async () => {
    const owner = await api.person();
    const { body } = await add(owner, webhook());
    expect(body.secret).toMatch(/^[\w-]{43}$/);
    const renamed = await change(owner, body.id, { name: 'renamed' });
    const moved = await change(owner, body.id, { settings: { url: `${OUTSIDE}/b` } });
    expect([renamed.body.secret, moved.body.secret]).toEqual([undefined, undefined]);
    const elsewhere = await change(owner, body.id, { settings: { url: 'https://203.0.114.10/' } });
    expect(elsewhere.body.secret).toMatch(/^[\w-]{43}$/);
    expect(elsewhere.body.secret).not.toBe(body.secret);
  });

  it('does not take a token along to another server', async () => {
    const owner = await api.person();
    const { id } = (await add(owner, ntfy({ token: 'tk_secret' }))).body;
    expect((await change(owner, id, ntfyChange(OUTSIDE, 'other'))).body.has_secret).toBe(true);
    expect((await change(owner, id, ntfyChange('https://203.0.114.10', 'other'))).body.has_secret).toBe(false);
  });

  it('is refused with a reason where it is not complete, not right, or not set up', async () => {
    const owner = await api.person();
    for (const [body, reason] of [
      [{ kind: 'email', name: 'x', settings: { to: 'a@lab.example' } }, 'SMTP_URL is not set'],
      [{ kind: 'telegram', name: 'x', settings: { chat_id: 1 } }, 'TELEGRAM_BOT_TOKEN is not set'],
      [{ kind: 'webhook', name: 'x', settings: {} }, 'settings.url is missing'],
      [webhook({ topic: 'x' }), 'settings.topic does not belong to webhook'],
      [webhook({ url: 'ftp://203.0.114.9' }), 'http'],
      [webhook({ url: 'http://10.0.0.1/' }), 'inside the server'],
      [webhook({ format: 'slack', secret: 'x'.repeat(16) }), 'does not belong to slack'],
      [ntfy({ topic: 'a b' }), 'settings.topic'],
      [{ ...ntfy(), quiet_hours: { from: '22:00', to: '07:00', time_zone: 'Mars/Olympus' } }, 'time_zone'],
      [{ ...ntfy(), quiet_hours: { from: '22:00', to: '22:00', time_zone: 'UTC' } }, 'whole day'],
      [
        { kind: 'webpush', name: 'x', settings: { endpoint: OUTSIDE, keys: { p256dh: 'AA', auth: 'AA' } } },
        'settings.keys',
      ],
      [{ kind: 'webpush', name: 'x', settings: { endpoint: OUTSIDE, keys: NO_POINT } }, 'settings.keys'],
      [{ ...ntfy(), time_zone: 'Mars/Olympus' }, 'time_zone'],
    ] as const) {
      const reply = await add(owner, body);
      expect([reply.status, reply.body.code], JSON.stringify(body)).toEqual([400, 'validation_failed']);
      expect(reply.body.detail).toContain(reason);
    }
  });

  it('is one of fifty at most, concurrent requests included', async () => {
    const owner = await api.person();
    const replies = await Promise.all(Array.from({ length: 54 }, () => add(owner, ntfy())));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(50);
    expect(replies.find(({ status }) => status === 400)?.body.detail).toContain('50 channels');
  });
});

const ntfyChange = (url: string, topic: string) => ({ settings: { url, topic } });
