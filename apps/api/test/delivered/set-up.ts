import type { ServerProcess } from '../support/server-process.ts';
import type { RunOptions } from './run.ts';

/** Channels of the rule that all robots break at once. */
export const QUICK = { webhook: 'hook-quick', mail: 'mail-quick' };

/**
 * Makes the channels and rules: one rule for each code that a robot may report, for all robots, with a webhook and a mail address that it
 * shares with some others. @returns the codes that robots may have; the quick rule's code, 1, is not among them
 */
export async function setUp(
  api: ServerProcess,
  token: string,
  hook: (name: string) => string,
  { rules, webhooks, mails }: RunOptions,
) {
  const make = async (path: string, body: object): Promise<number> => {
    const reply = await api.call('POST', path, { token, body });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body.id;
  };
  const channel = async (name: string) => ({
    name,
    id: await make('/alert-channels', {
      ...{ name, kind: name.startsWith('mail') ? 'email' : 'webhook' },
      settings: name.startsWith('mail') ? { to: `${name}@lab.example` } : { url: hook(name) },
    }),
  });
  const several = (prefix: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => channel(`${prefix}-${i + 1}`)));
  const quick = [await channel(QUICK.webhook), await channel(QUICK.mail)];
  const [hooks, boxes] = [await several('hook', webhooks), await several('mail', mails)];
  const channelsOf = new Map<number, string[]>();
  let quickRule = 0;
  for (let code = 1; code <= rules; code++) {
    const own = code === 1 ? quick : [hooks[code % webhooks], boxes[code % mails]].flatMap((one) => one ?? []);
    const id = await make('/alert-rules', {
      ...{ name: `code-${code}`, scope: { all: true }, channels: own.map((one) => one.id) },
      condition: {
        kind: 'threshold',
        measurement: 'probe',
        field: 'code',
        fn: 'last',
        window_s: 30,
        op: '==',
        value: code,
      },
      ...{ for_s: code % 4 === 2 ? 10 : 0, resolve_for_s: code % 3 === 2 ? 10 : 0 },
    });
    channelsOf.set(
      id,
      own.map(({ name }) => name),
    );
    if (code === 1) quickRule = id;
  }
  return { quickRule, channelsOf, codes: Array.from({ length: rules - 1 }, (_, i) => i + 2) };
}
