import type { ServerProcess } from '../../support/server-process.ts';

export interface Blow {
  kind: 'kill' | 'power cut';
  /** Seconds since 1970. */
  at: number;
}

/** How often each of the three points and the log entry of a second are in the store, by second. */
export interface Stored {
  points: Map<number, number[]>;
  entries: Map<number, number>;
  /** Points with a value that was not measured then. */
  wrong: number;
  /** What the agent says it has dropped. */
  dropped: number;
}

const PAGE_S = 3_600;
const PARTS = 3;

interface Store {
  server: ServerProcess;
  id: number;
  token(): Promise<string>;
}
/** @param from seconds since 1970 */
export async function readStored(store: Store, from: number): Promise<Stored> {
  const { server, id } = store;
  const token = await store.token();
  const get = async (path: string) => (await server.call('GET', `/robots/${id}${path}`, { token })).body;
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  const points = new Map<number, number[]>();
  let wrong = 0;
  const now = Math.ceil(Date.now() / 1000) + 1;
  for (let start = Math.floor(from); start < now; start += PAGE_S) {
    const range = `from=${time(start)}&to=${time(Math.min(now, start + PAGE_S))}&every=1s`;
    const counts = await get(`/metrics/truth?fields=n&fn=count&${range}`);
    const values = await get(`/metrics/truth?fields=n&fn=last&${range}`);
    for (const { tags, points: some } of counts.series ?? [])
      for (const [ms, count] of some) {
        const of = points.get(ms / 1000) ?? Array.from({ length: PARTS }, () => 0);
        if (of[Number(tags.part)] === undefined) wrong++;
        else of[Number(tags.part)] = count ?? 0;
        points.set(ms / 1000, of);
      }
    for (const { points: some } of values.series ?? [])
      for (const [ms, value] of some) if (value !== null && value !== ms / 1000) wrong++;
  }
  const entries = new Map<number, number>();
  for (let cursor = ''; ; ) {
    const page = await get(`/logs?program=truth&limit=1000&from=${time(from)}&to=${time(now)}${cursor}`);
    for (const { message } of page.items) {
      const second = Number(message.replace('entry ', ''));
      entries.set(second, (entries.get(second) ?? 0) + 1);
    }
    if (!page.next_cursor) break;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  const agent = await get(`/metrics/robowatch_agent?fields=dropped_points&fn=max&from=${time(from)}&every=1d`);
  const dropped = Math.max(0, ...(agent.series?.[0]?.points ?? []).map(([, value]: [number, number]) => value ?? 0));
  return { points, entries, wrong, dropped };
}

/** What may be lost: what Telegraf had not yet handed over when it was killed, and memory when the power was cut. */
const HANDED_OVER_WITHIN_S = 4;
const ON_DISK_WITHIN_S = 34;

/** Compares point by point. @param measured seconds since 1970 @param outages from when to when */
export function judge(
  measured: number[],
  { points, entries, wrong }: Stored,
  blows: Blow[],
  outages: [number, number][],
) {
  const excuse = (second: number) =>
    blows.find(
      ({ kind, at }) => second <= at + 1 && second > at - (kind === 'kill' ? HANDED_OVER_WITHIN_S : ON_DISK_WITHIN_S),
    );
  const missing = measured.filter((second) => !points.get(second)?.every((count) => count > 0));
  const lost = missing.filter((second) => !excuse(second));
  const doubled = [...points].filter(([, counts]) => counts.some((count) => count > 1)).map(([second]) => second);
  const longest = (wanted: Blow['kind']) =>
    Math.max(
      0,
      ...missing.flatMap((second) =>
        blows.filter((blow) => blow === excuse(second) && blow.kind === wanted).map(({ at }) => at - second),
      ),
    );
  return {
    measured: measured.length * PARTS,
    stored: measured.filter((second) => points.get(second)?.every((count) => count > 0)).length * PARTS,
    lost,
    doubled,
    wrong,
    /** What only the disk can have, because memory went with the power. */
    fromDisk:
      measured.filter(
        (second) =>
          !excuse(second) &&
          outages.some(([from, to]) =>
            blows.some(({ kind, at }) => kind === 'power cut' && from < second && second < at && at < to),
          ),
      ).length * PARTS,
    entriesLost: measured.filter((second) => !entries.get(second) && !excuse(second)),
    entriesDoubled: [...entries].filter(([, count]) => count > 1).map(([second]) => second),
    inMemory: {
      points: (missing.length - lost.length) * PARTS,
      oldestAtKill: Math.round(longest('kill')),
      oldestAtPowerCut: Math.round(longest('power cut')),
    },
    blows: blows.map(({ kind }) => kind),
  };
}
