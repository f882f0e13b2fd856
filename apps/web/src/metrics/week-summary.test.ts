import { VueQueryPlugin } from '@tanstack/vue-query';
import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Summary } from '../api/types';
import WeekSummary from './WeekSummary.vue';

const day = (date: string, online_share: number | null): Summary['days'][number] => ({
  ...{ day: date, online_share, cpu_mean: 20, cpu_max: 90, memory_max: 50, temperature_max: 70, disk: [] },
  ...{ bytes_sent: 1024 ** 2, bytes_received: null, error_logs: 3 },
});
const disk = { path: '/data', used_percent: 88, days_to_full: 5.6, robot_id: 7, robot: 'rover' };
const summary: Summary = {
  ...{ from: '2030-01-01T00:00:00Z', to: '2030-01-03T00:00:00Z', online_share: 0.75 },
  days: [day('2030-01-01', null), { ...day('2030-01-02', 0.75), disk: [disk] }],
  worst_hours: {
    ...{ cpu: null, memory: null },
    temperature: { hour: '2030-01-02T13:00:00Z', value: 81.5, robot_id: 7, robot: 'rover' },
  },
};
const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const problem = {
  type: 'about:blank',
  title: 'x',
  status: 400,
  detail: 'x',
  code: 'validation_failed',
  request_id: 'r',
};
const headers = { 'content-type': 'application/problem+json' };
let unknown: string | undefined;
let asked: string[];
let from: string;
let reply: Summary;

beforeEach(() => {
  setActivePinia(createPinia());
  asked = [];
  unknown = undefined;
  reply = summary;
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    asked.push(`${pathname} ${searchParams.get('tz')}`);
    from = searchParams.get('from') ?? '';
    if (searchParams.get('tz') === unknown) return Response.json(problem, { status: 400, headers });
    return Response.json(reply);
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** As if this computer were there. */
function inZone(timeZone: string): void {
  const real = Intl.DateTimeFormat.prototype.resolvedOptions;
  vi.spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions').mockImplementation(function (this: Intl.DateTimeFormat) {
    return { ...real.call(this), timeZone };
  });
}

async function shown(robotId?: number, robots?: number) {
  const page = mount(WeekSummary, { props: { robotId, robots }, global: { plugins: [VueQueryPlugin] } });
  await vi.waitFor(() => expect(page.text()).not.toContain('Loading'));
  return page;
}

it("summarises a robot's week, including what is unknown", async () => {
  const page = await shown(7);
  expect(asked).toEqual([`/api/robots/7/summary ${ZONE}`]);
  const text = page.text();
  expect(text).toContain('online 75 %');
  expect(text).toContain('not paired yet');
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  midnight.setDate(midnight.getDate() - 6);
  expect(from).toBe(midnight.toISOString());
  expect(text).toMatch(/Hottest hour81\.5 °C/);
  expect(text).not.toContain('Busiest hour');
  expect(text).toContain('/data: in about 6 days');
  expect(text).toMatch(/Errors logged6/);
  expect(text).toMatch(/Sent2 MiB/);
});

it('names the robots in the summary of the fleet', async () => {
  const text = (await shown()).text();
  expect(asked).toEqual([`/api/fleet/summary ${ZONE}`]);
  expect(text).toContain('rover: /data');
  expect(text).toMatch(/81\.5 °C · rover/);
});

it('says why there is no summary yet', async () => {
  reply = { ...summary, days: [], online_share: null };
  expect((await shown()).text()).toContain('no figures yet');
});

it.each(['Pacific/Kiritimati', 'America/Los_Angeles'])(
  "asks for the days of the reader's zone and names them, in %s",
  async (zone) => {
    inZone(zone);
    const text = (await shown(7)).text();
    expect(asked).toEqual([`/api/robots/7/summary ${zone}`]);
    expect(text).toContain('Wed 2');
  },
);

it('falls back to UTC where the server does not know the zone', async () => {
  unknown = 'Mars/Olympus';
  inZone(unknown);
  const text = (await shown(7)).text();
  expect(asked).toEqual([`/api/robots/7/summary ${unknown}`, '/api/robots/7/summary UTC']);
  expect(text).toContain('online 75 %');
});

it('asks for the days of UTC of a large fleet, and says so', async () => {
  const text = (await shown(undefined, 300)).text();
  expect(asked).toEqual(['/api/fleet/summary UTC']);
  expect(from).toMatch(/T00:00:00.000Z$/);
  expect(text).toContain('days of UTC');
  expect((await shown(undefined, 200)).text()).not.toContain('days of UTC');
});
