import { useIntervalFn } from '@vueuse/core';
import { ref, shallowRef, watch } from 'vue';
import { api, dataOf } from '../api/client';
import { type ApiProblem, asProblem } from '../api/problem';
import type { LogEntry } from '../api/types';

const PAGE = 100;
const FOLLOW_MS = 3_000;
const keyOf = (entry: LogEntry) => `${entry.time} ${entry.program} ${entry.message}`;

export interface LogFilter {
  from?: string;
  to?: string;
  level?: string;
  program?: string;
  q?: string;
}

/** Log entries, newest first: older ones on demand, newer ones by themselves while following. */
export function useLogs(robotId: () => number, filter: () => LogFilter, following: () => boolean) {
  const entries = shallowRef<LogEntry[]>([]);
  const problem = ref<ApiProblem | null>(null);
  const reading = ref(false);
  const olderCursor = ref<string | null>(null);
  /** An answer to a former filter must not show up under the present one. */
  let round = 0;

  const fetchPage = (cursor?: string) => {
    const params = { path: { id: robotId() }, query: { ...filter(), limit: PAGE, cursor } };
    return dataOf(api.GET('/api/robots/{id}/logs', { params }));
  };

  async function read(work: (stillWanted: () => boolean) => Promise<void>): Promise<void> {
    const own = round;
    reading.value = true;
    try {
      await work(() => own === round);
      if (own === round) problem.value = null;
    } catch (error) {
      if (own === round) problem.value = asProblem(error);
    } finally {
      if (own === round) reading.value = false;
    }
  }

  function restart(): Promise<void> {
    round++;
    return read(async (stillWanted) => {
      const page = await fetchPage();
      if (!stillWanted()) return;
      entries.value = page.items;
      olderCursor.value = page.next_cursor;
    });
  }

  function older(): Promise<void> | undefined {
    const cursor = olderCursor.value;
    if (!cursor || reading.value) return;
    return read(async (stillWanted) => {
      const page = await fetchPage(cursor);
      if (!stillWanted()) return;
      entries.value = [...entries.value, ...page.items];
      olderCursor.value = page.next_cursor;
    });
  }

  function newer(): Promise<void> | undefined {
    if (reading.value) return;
    return read(async (stillWanted) => {
      const page = await fetchPage();
      if (!stillWanted()) return;
      const known = new Set(entries.value.slice(0, PAGE).map(keyOf));
      const fresh = page.items.filter((entry) => !known.has(keyOf(entry)));
      // All new and more behind them: what lies between would be missing.
      if (fresh.length === PAGE && page.next_cursor) {
        entries.value = page.items;
        olderCursor.value = page.next_cursor;
      } else if (fresh.length > 0) entries.value = [...fresh, ...entries.value];
    });
  }

  watch(() => JSON.stringify([robotId(), filter()]), restart, { immediate: true });
  useIntervalFn(() => following() && void newer(), FOLLOW_MS);
  return { entries, problem, reading, hasOlder: () => olderCursor.value !== null, older, restart };
}
