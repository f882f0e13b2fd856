import { expect, it } from 'vitest';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();

it('keeps labels, replaces them as a whole, and finds robots by all that are asked for', async () => {
  const owner = await api.person();
  const [a, b, c] = [
    await api.pairedRobot(owner, 'a'),
    await api.pairedRobot(owner, 'b'),
    await api.pairedRobot(owner, 'c'),
  ];
  const put = (id: number, labels: unknown, token = owner.token) =>
    api.call('PATCH', `/robots/${id}`, { token, body: { labels } });
  const found = async (...labels: string[]) => {
    const query = labels.map((label) => `label=${encodeURIComponent(label)}`).join('&');
    const { status, body } = await api.call('GET', `/robots?${query}`, { token: owner.token });
    return status === 200 ? body.items.map(({ name }: { name: string }) => name) : status;
  };
  expect((await put(a.id, { site: 'lab', floor: '2' })).body.labels).toEqual({ site: 'lab', floor: '2' });
  expect((await put(b.id, { site: 'lab', роль: 'курьер: ночь' })).status).toBe(200);
  expect(await found('site:lab')).toEqual(['a', 'b']);
  expect(await found('site:lab', 'floor:2')).toEqual(['a']);
  expect(await found('роль:курьер: ночь')).toEqual(['b']);
  expect(await found('site:lab', 'site:hall')).toEqual([]);
  expect(await found('site')).toBe(400);
  expect((await put(a.id, { site: 'hall' })).body.labels).toEqual({ site: 'hall' });
  expect((await put(a.id, {})).body.labels).toEqual({});
  expect((await api.call('GET', `/robots/${c.id}`, { token: owner.token })).body.labels).toEqual({});

  const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v']));
  for (const bad of [
    many,
    { k: 'x'.repeat(129) },
    { k: 1 },
    { 'a:b': 'c' },
    { '': 'c' },
    { k: 'a\u0000' },
    'x',
    null,
    ['a'],
    { k: { v: 1 } },
  ])
    expect((await put(b.id, bad)).status, JSON.stringify(bad)).toBe(400);
  expect(await found('site:lab')).toEqual(['b']);
  const stranger = await api.person();
  expect((await put(b.id, {}, stranger.token)).status).toBe(404);
  expect(await found('site:lab')).toEqual(['b']);
  expect((await api.call('GET', '/robots?label=site:lab', { token: stranger.token })).body.items).toEqual([]);
});
