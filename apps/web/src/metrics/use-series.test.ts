import { VueQueryPlugin } from '@tanstack/vue-query';
import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defineComponent } from 'vue';
import { PRESETS, type Preset, stepSeconds } from './time-range';
import { useSeries } from './use-series';

let asked: string[];
beforeEach(() => {
  setActivePinia(createPinia());
  asked = [];
  vi.stubGlobal('fetch', async ({ url }: Request) => {
    const { pathname, searchParams } = new URL(url);
    const measurement = pathname.split('/').at(-1) ?? '';
    asked.push([measurement, searchParams.get('fn'), searchParams.get('every')].join(' '));
    return Response.json({
      measurement,
      from: '2030-01-01T00:00:00Z',
      to: '2030-01-02T00:00:00Z',
      every_s: 1,
      series: [],
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

async function requests(preset: Preset, count: number): Promise<string[]> {
  const every = stepSeconds({ from: 0, to: PRESETS[preset] * 1000 });
  const setup = () => {
    useSeries(
      () => 1,
      () => ['mem', 'net'],
      () => ({ preset }),
      () => every,
      () => 0,
    );
    return () => null;
  };
  const page = mount(defineComponent({ setup }), { global: { plugins: [VueQueryPlugin] } });
  await vi.waitFor(() => expect(asked).toHaveLength(count));
  page.unmount();
  return asked.sort();
}

it('reads means, and of long steps also the extremes', async () => {
  expect(await requests('1h', 2)).toEqual(['mem mean 5s', 'net last 5s']);
  asked = [];
  expect(await requests('30d', 4)).toEqual(['mem max 3600s', 'mem mean 3600s', 'mem min 3600s', 'net last 3600s']);
});

it('reads counters of a year several times a day: they begin anew whenever a robot starts', async () => {
  expect((await requests('365d', 4)).at(-1)).toBe('net last 10800s');
});
