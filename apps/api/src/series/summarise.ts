import type { Db } from '../db/schema.ts';
import { type DaySummary, readDays, readDisks, readWorstHour } from '../rollups/index.ts';

const MAX_DISKS = 20;

/** Summary of a period for these robots together. @param range ms since 1970 */
export async function summarise(db: Db, robotIds: number[], range: { from: number; to: number }) {
  const { from, to } = range;
  const worst = (figure: Parameters<typeof readWorstHour>[2]) => readWorstHour(db, robotIds, figure, from, to);
  const [days, disks, cpu, memory, temperature] = await Promise.all([
    readDays(db, robotIds, from, to),
    readDisks(db, robotIds, MAX_DISKS),
    worst('cpu_mean'),
    worst('memory_max'),
    worst('temperature_max'),
  ]);
  const at = (hour: Awaited<typeof cpu>) => (hour ? { ...hour, hour: hour.hour.toISOString() } : null);
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    online_share: meanOf(days),
    days: days.map((day, i) => ({ ...day, disk: i === days.length - 1 ? disks : [] })),
    worst_hours: { cpu: at(cpu), memory: at(memory), temperature: at(temperature) },
  };
}

function meanOf(days: DaySummary[]): number | null {
  const shares = days.flatMap(({ online_share }) => (online_share === null ? [] : [online_share]));
  return shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) / shares.length : null;
}
