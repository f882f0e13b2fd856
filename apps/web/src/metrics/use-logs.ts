import { useIntervalFn } from '@vueuse/core';
import { ref, shallowRef, watch } from 'vue';
import { type ApiProblem, asProblem } from '../api/problem';
import type { LogEntry } from '../api/types';
import { fetchLogs } from './queries';

const PAGE = 100;
const FOLLOW_MS = 3_000;
/** How many entries following may add to those the person asked for. */
const MAX_GROWTH = 1_000;
const keyOf = ({ time, program, level, message }: LogEntry) => [time, program, level, message].join(' ');

interface LogPage {
  items: LogEntry[];
  next_cursor: string | null;
}

export interface LogFilter {
  from?: string;
  to?: string;
  level?: string;
  program?: string;
  q?: string;
}

/** Log entries, newest first. Older ones load on demand, newer ones are polled while following. */
export function useLogs(robotId: () => number, filter: () => LogFilter, following: () => boolean) {
  const entries = shallowRef<LogEntry[]>([]);
  const problem = ref<ApiProblem | null>(null);
  const reading = ref(false);
  const olderCursor = ref<string | null>(null);
  /** Entries after which the list can be cut, each with the cursor that continues from there. */
  const cuts = new Map<string, string>();
  let askedFor = 0;
  let isCatchingUp = false;
  /** Counts restarts: a late reply to a previous filter must be dropped. */
  let round = 0;

  const fetchPage = (cursor?: string) => fetchLogs(robotId(), { ...filter(), limit: PAGE, cursor });

  async function read(work: (stillWanted: () => boolean) => Promise<void>): Promise<void> {
    const own = round;
    try {
      await work(() => own === round);
      if (own === round) problem.value = null;
    } catch (error) {
      if (own === round) problem.value = asProblem(error);
    }
  }

  /** Shows that it is loading, unlike polling. */
  async function readWanted(work: (stillWanted: () => boolean) => Promise<void>): Promise<void> {
    const own = round;
    reading.value = true;
    await read(work);
    if (own === round) reading.value = false;
  }

  function replace({ items, next_cursor }: LogPage): void {
    cuts.clear();
    entries.value = items;
    olderCursor.value = next_cursor;
    askedFor = items.length;
  }

  function restart(): Promise<void> {
    round++;
    return readWanted(async (stillWanted) => {
      const page = await fetchPage();
      if (stillWanted()) replace(page);
    });
  }

  function older(): Promise<void> | undefined {
    const cursor = olderCursor.value;
    if (!cursor || reading.value) return;
    return readWanted(async (stillWanted) => {
      const page = await fetchPage(cursor);
      // The list has been cut or replaced meanwhile, so these entries no longer follow on.
      if (!stillWanted() || olderCursor.value !== cursor) return;
      noteCut(entries.value, cursor);
      entries.value = [...entries.value, ...page.items];
      olderCursor.value = page.next_cursor;
      askedFor = entries.value.length;
    });
  }

  async function newer(): Promise<void> {
    if (reading.value || isCatchingUp) return;
    isCatchingUp = true;
    await read(async (stillWanted) => {
      const page = await fetchPage();
      if (!stillWanted()) return;
      const known = new Set(entries.value.slice(0, PAGE).map(keyOf));
      const fresh = page.items.filter((entry) => !known.has(keyOf(entry)));
      // All are new and there are more: appending would leave a gap.
      if (fresh.length === PAGE && page.next_cursor) return replace(page);
      if (fresh.length === 0) return;
      if (page.next_cursor) noteCut(page.items, page.next_cursor);
      entries.value = cut([...fresh, ...entries.value]);
    });
    isCatchingUp = false;
  }

  function noteCut(list: LogEntry[], cursor: string): void {
    const last = list.at(-1);
    if (last) cuts.set(keyOf(last), cursor);
  }

  function cut(list: LogEntry[]): LogEntry[] {
    const limit = askedFor + MAX_GROWTH;
    if (list.length <= limit) return list;
    const end = list.slice(0, limit).findLastIndex((entry) => cuts.has(keyOf(entry))) + 1;
    if (end === 0) return list;
    olderCursor.value = cuts.get(keyOf(list[end - 1] as LogEntry)) ?? null;
    for (const entry of list.slice(end)) cuts.delete(keyOf(entry));
    return list.slice(0, end);
  }

  watch(() => JSON.stringify([robotId(), filter()]), restart, { immediate: true });
  useIntervalFn(() => following() && void newer(), FOLLOW_MS);
  return { entries, problem, reading, hasOlder: () => olderCursor.value !== null, older, restart };
}
