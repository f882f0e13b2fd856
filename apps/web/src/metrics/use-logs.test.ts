import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { effectScope, ref } from 'vue';
import type { LogEntry } from '../api/types';
import LogList from './LogList.vue';
import { type LogFilter, useLogs } from './use-logs';

const entry = (n: number): LogEntry => ({
  time: new Date(Date.UTC(2030, 0, 1) + n * 1000).toISOString(),
  level: 'info',
  program: 'p',
  message: `m${n}`,
});
const newestFirst = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => entry(from - i));
let answer: (url: URL) => Promise<{ items: LogEntry[]; next_cursor: string | null }>;

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  vi.stubGlobal('fetch', async (request: Request) => Response.json(await answer(new URL(request.url))));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start(filter = ref<LogFilter>({ from: '-1h' }), following = ref(true)) {
  const scope = effectScope();
  const logs = scope.run(() =>
    useLogs(
      () => 1,
      () => filter.value,
      () => following.value,
    ),
  ) as ReturnType<typeof useLogs>;
  return {
    ...logs,
    filter,
    following,
    stop: () => scope.stop(),
    messages: () => logs.entries.value.map(({ message }) => message),
  };
}
const settle = () => vi.advanceTimersByTimeAsync(10);

it('loads older entries on demand, polls newer ones, and shows none twice', async () => {
  let newest = 5;
  answer = async (url) =>
    url.searchParams.get('cursor')
      ? { items: newestFirst(2, 1), next_cursor: null }
      : { items: newestFirst(newest, 3), next_cursor: 'older' };
  const logs = start();
  await settle();
  expect(logs.messages()).toEqual(['m5', 'm4', 'm3']);
  await logs.older();
  expect([logs.messages(), logs.hasOlder()]).toEqual([['m5', 'm4', 'm3', 'm2', 'm1'], false]);
  newest = 7;
  await vi.advanceTimersByTimeAsync(3_100);
  expect(logs.messages()).toEqual(['m7', 'm6', 'm5', 'm4', 'm3', 'm2', 'm1']);
  logs.following.value = false;
  newest = 9;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(logs.messages()[0]).toBe('m7');
  logs.stop();
});

it('drops a late reply to a previous filter', async () => {
  let late: (page: { items: LogEntry[]; next_cursor: null }) => void = () => undefined;
  answer = (url) =>
    url.searchParams.get('q') === 'slow'
      ? new Promise((resolve) => {
          late = resolve;
        })
      : Promise.resolve({ items: [entry(1)], next_cursor: null });
  const logs = start(ref<LogFilter>({ from: '-1h', q: 'slow' }), ref(false));
  await settle();
  logs.filter.value = { from: '-1h', q: 'quick' };
  await settle();
  late({ items: [entry(9)], next_cursor: null });
  await settle();
  expect([logs.messages(), logs.reading.value]).toEqual([['m1'], false]);
  logs.stop();
});

it('polls without a loading state, and does not block other requests', async () => {
  answer = () => Promise.resolve({ items: [], next_cursor: null });
  const logs = start();
  await settle();
  let hold: () => void = () => undefined;
  answer = async (url) => {
    if (url.searchParams.get('cursor')) return { items: newestFirst(2, 1), next_cursor: null };
    await new Promise<void>((resolve) => {
      hold = resolve;
    });
    return { items: newestFirst(5, 3), next_cursor: 'older' };
  };
  await vi.advanceTimersByTimeAsync(3_100);
  expect(logs.reading.value).toBe(false);
  hold();
  await settle();
  void logs.restart();
  await settle();
  hold();
  await settle();
  await vi.advanceTimersByTimeAsync(3_100);
  await logs.older();
  expect(logs.messages()).toEqual(['m5', 'm4', 'm3', 'm2', 'm1']);
  logs.stop();
});

it('does not grow for ever, and continues without a gap where it was cut', async () => {
  let newest = 150;
  answer = async (url) => {
    const from = Number(url.searchParams.get('cursor') ?? newest);
    return { items: newestFirst(from, Math.max(1, from - 99)), next_cursor: from > 100 ? String(from - 100) : null };
  };
  const logs = start();
  await settle();
  while (newest < 3_000) {
    newest += 40;
    await vi.advanceTimersByTimeAsync(3_000);
  }
  expect(logs.messages().length).toBeGreaterThan(900);
  expect(logs.messages().length).toBeLessThanOrEqual(1_100);
  await logs.older();
  const numbers = logs.messages().map((message) => Number(message.slice(1)));
  expect(numbers).toEqual(Array.from(numbers, (_, i) => newest - i));
  logs.stop();
});

it('keeps entries in place when newer ones arrive', async () => {
  const twice = [entry(1), entry(1)];
  const list = mount(LogList, { props: { entries: [entry(2), ...twice] } });
  const before = list.findAll('li').map(({ element }) => element);
  await list.setProps({ entries: [entry(4), entry(3), entry(2), ...twice] });
  const after = list.findAll('li').map(({ element }) => element);
  expect(after.slice(2)).toEqual(before);
  expect(after.slice(2).every((element, i) => element === before[i])).toBe(true);
});
