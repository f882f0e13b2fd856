import { expect, it } from 'vitest';
import { type KnownRobot, recheckReporting } from '../../src/robots/credential-store.ts';
import { TokenCache } from '../../src/robots/token-cache.ts';
import { sha256 } from '../../src/secrets/secret-box.ts';
import { useTestApi } from '../support/test-api.ts';

const api = useTestApi();
type R = Awaited<ReturnType<typeof api.pairedRobot>>;

it('notices every change of a robot, whoever makes it', async () => {
  const { db } = api.deps();
  const owner = await api.person();
  const known = async (token: string) => {
    const robot = await new TokenCache(db, 1000).find(sha256(token));
    return { tokenHash: sha256(token), robot } as KnownRobot;
  };
  const robots = [];
  for (let i = 0; i < 5; i++) robots.push(await api.pairedRobot(owner, `robot-${i}`));
  const [same, renamed, off, rotated, deleted] = robots as [R, R, R, R, R];
  const before = await Promise.all(robots.map(({ token }) => known(token)));
  expect((await recheckReporting(db, before)).size).toBe(5);

  const { token } = owner;
  await api.call('PATCH', `/robots/${renamed.id}`, { token, body: { name: 'other' } });
  await api.call('PATCH', `/robots/${off.id}`, { token, body: { status: 'inactive' } });
  const fresh = (await api.call('POST', `/robots/${rotated.id}/token`, { token })).body.influxdb_token;
  await api.call('DELETE', `/robots/${deleted.id}`, { token });

  const after = await recheckReporting(db, before);
  expect(after.get(sha256(same.token))).toBe(before[0]?.robot);
  expect(after.get(sha256(renamed.token))?.name).toBe('other');
  for (const gone of [off, rotated, deleted]) expect(after.has(sha256(gone.token))).toBe(false);
  // A body with the previous token next to one with the new token.
  const both = await recheckReporting(db, [before[3] as KnownRobot, await known(fresh)]);
  expect([...both.keys()]).toEqual([sha256(fresh)]);
  const reversed = await recheckReporting(db, [await known(fresh), before[3] as KnownRobot]);
  expect([...reversed.keys()]).toEqual([sha256(fresh)]);
});
