import { setTimeout as sleep } from 'node:timers/promises';

const READ_EVERY_MS = 3_000;
const IDS_AT_ONCE = 200;

/** A person with the fleet page open: all robots once, then those that events tell of, every three seconds. */
export async function watchFleet(
  url: string,
  token: string,
  signal: AbortSignal,
): Promise<{ reads: number; bytes: number }> {
  const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' };
  const seen = new Set<number>();
  const done = { reads: 0, bytes: 0 };
  const read = async (query: string) => {
    const reply = await fetch(`${url}/api/robots?${query}`, { headers, signal });
    const text = await reply.text();
    done.reads++;
    done.bytes += text.length;
    return JSON.parse(text) as { next_cursor: string | null };
  };
  const listen = async () => {
    const stream = await fetch(`${url}/api/events`, { headers, signal });
    let rest = '';
    for await (const chunk of stream.body ?? []) {
      rest += Buffer.from(chunk).toString();
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((one) => one.startsWith('data: '))) {
        const { robot_id, robot_ids = [robot_id] } = JSON.parse(line.slice(6));
        for (const id of robot_ids) seen.add(id);
      }
    }
  };
  const follow = async () => {
    for (let cursor: string | null = ''; cursor !== null; )
      cursor = (await read(`limit=200${cursor && `&cursor=${cursor}`}`)).next_cursor;
    for (;;) {
      await sleep(READ_EVERY_MS, undefined, { signal });
      const ids = [...seen];
      seen.clear();
      for (let i = 0; i < ids.length; i += IDS_AT_ONCE)
        await read(
          `limit=200&${ids
            .slice(i, i + IDS_AT_ONCE)
            .map((id) => `id=${id}`)
            .join('&')}`,
        );
    }
  };
  await Promise.all(
    [listen(), follow()].map((one) =>
      one.catch((error) => {
        if (!signal.aborted) throw error;
      }),
    ),
  );
  return done;
}
