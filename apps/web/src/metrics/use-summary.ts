import { useQuery } from '@tanstack/vue-query';
import { asProblem } from '../api/problem';
import type { Summary } from '../api/types';
import { fetchSummary, metricKeys } from './queries';

const REFETCH_MS = 5 * 60_000;
const DAYS = 7;
/** The most robots whose days the server puts together for a zone: 2,000 days altogether. */
const MOST_IN_ZONE = Math.floor(2000 / DAYS);

/** When the day began that is today's sixth before, so that seven days are shown, of which today is one. */
function firstDay(isUtc: boolean): string {
  const day = new Date();
  if (isUtc) day.setUTCHours(0, 0, 0, 0);
  else day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - DAYS + 1);
  return day.toISOString();
}

export type Week = Summary & { isUtc: boolean };
const inUtc = async (id: number | undefined): Promise<Week> => ({
  ...(await fetchSummary(id, { from: firstDay(true), tz: 'UTC' })),
  isUtc: true,
});

/** UTC's days where the server does not know the zone, being older than the browser, or the fleet is too large for others. */
async function inOwnZone(id: number | undefined, zone: string): Promise<Week> {
  try {
    return { ...(await fetchSummary(id, { from: firstDay(false), tz: zone })), isUtc: false };
  } catch (error) {
    if (asProblem(error).code !== 'validation_failed') throw error;
    return inUtc(id);
  }
}

/** A summary of today and the six days before, by this computer's days, for one robot or for all `count` that the person may see. */
export function useSummary(robotId: () => number | undefined, count: () => number) {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return useQuery({
    queryKey: metricKeys.summary(robotId, zone),
    queryFn: () => (count() > MOST_IN_ZONE ? inUtc(robotId()) : inOwnZone(robotId(), zone)),
    refetchInterval: REFETCH_MS,
  });
}
