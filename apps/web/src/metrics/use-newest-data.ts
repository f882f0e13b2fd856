import { useQuery } from '@tanstack/vue-query';
import { inOrder } from './charts';
import { fetchSeries, metricKeys } from './queries';
import type { Measurement } from './use-series';
import { serverNow } from './use-time-range';

const DAY_MS = 86_400_000;
/** The server accepts timestamps up to a day ahead. */
const AHEAD_MS = DAY_MS + 3_600_000;
/** Tried in this order: the first window with any data has the newest. */
const BACK_DAYS = [2, 30, 3000];
const MEASUREMENTS = 6;
const WINDOWS = 400;

/** The time of a robot's newest data by the robot's clock, looked up while `wanted`. Null: none found. */
export function useNewestData(robotId: () => number, measurements: () => Measurement[], wanted: () => boolean) {
  return useQuery({
    queryKey: metricKeys.newest(robotId, () => measurements().map(({ measurement }) => measurement)),
    enabled: wanted,
    staleTime: 10_000,
    queryFn: async () => {
      const now = serverNow();
      for (const days of BACK_DAYS) {
        const span = { from: now - days * DAY_MS, to: now + AHEAD_MS };
        const times = await Promise.all(
          chosen(measurements()).map((measurement) => newestOf(robotId(), measurement, span)),
        );
        const newest = Math.max(...times);
        if (Number.isFinite(newest)) return newest;
      }
      return null;
    },
  });
}

/** A few measurements are enough: a robot sends all of them at about the same time. */
function chosen(all: Measurement[]): Measurement[] {
  const known = new Map(all.map((one) => [one.measurement, one]));
  return inOrder([...known.keys()])
    .flatMap((name) => known.get(name) ?? [])
    .slice(0, MEASUREMENTS);
}

async function newestOf(id: number, { measurement, fields }: Measurement, { from, to }: { from: number; to: number }) {
  const field = fields.find(({ field }) => !field.includes(','))?.field;
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const every = `${Math.ceil((to - from) / 1000 / WINDOWS)}s`;
  const query = { ...range, every, fields: field, fn: 'last' as const, times: 'sample' as const };
  const reply = await fetchSeries(id, measurement, query);
  return Math.max(...reply.series.flatMap(({ points }) => points.map(([time]) => Number(time))));
}
