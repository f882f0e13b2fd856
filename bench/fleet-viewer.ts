import { setTimeout as sleep } from 'node:timers/promises';

const READ_EVERY_MS = 3_000;
const PAGE = 1000;
const AT_ONCE = 200;
const WHOLE_MS_PER_ROBOT = 10;

/** The requests of an open fleet page (the web app's `use-robots.ts`): all robots, then those named in events. */
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
  const readAll = async () => {
    let robots = 0;
    for (let cursor: string | null = ''; cursor !== null; robots += PAGE)
      cursor = (await read(`limit=${PAGE}${cursor && `&cursor=${cursor}`}`)).next_cursor;
    return robots;
  };
  const follow = async () => {
    for (;;) {
      const started = Date.now();
      const robots = await readAll();
      while (Date.now() - started < Math.max(60_000, robots * WHOLE_MS_PER_ROBOT)) {
        await sleep(READ_EVERY_MS, undefined, { signal });
        const ids = [...seen].slice(0, AT_ONCE);
        for (const id of ids) seen.delete(id);
        if (ids.length > 0) await read(`limit=${AT_ONCE}&${ids.map((id) => `id=${id}`).join('&')}`);
      }
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
