import { useIntervalFn } from '@vueuse/core';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import {
  isPreset,
  lengthMs,
  PRESETS,
  type Preset,
  parseRange,
  rangeQuery,
  type Span,
  scaled,
  shifted,
  spanOf,
  stepSeconds,
  type TimeRange,
} from './time-range';

const COMMIT_MS = 300;

/** Server clock minus this computer's clock, so that a wrong clock here does not leave charts empty. */
const clockOffset = ref(0);
export function noteServerTime(time: number): void {
  const offset = time - Date.now();
  if (Math.abs(offset - clockOffset.value) > 1_500) clockOffset.value = offset;
}
export const serverNow = () => Date.now() + clockOffset.value;

/**
 * The range in the URL, and `view`: what is on the screen, which moves ahead of the URL while panning and follows the
 * clock while live. `shiftMs`: how far the clock that dated the data is ahead of the server's.
 */
export function useTimeRange(fallback: Preset, shiftMs: () => number = () => 0) {
  const now = () => serverNow() + shiftMs();
  const route = useRoute();
  const router = useRouter();
  const range = computed(() => parseRange(route.query, fallback));
  const live = computed(() => isPreset(range.value));
  const view = shallowRef<Span>(spanOf(range.value, now()));
  const every = computed(() => stepSeconds(spanOf(range.value, 0)));
  let commit: ReturnType<typeof setTimeout> | undefined;
  let frame: number | undefined;
  let pending = 0;

  watch([range, shiftMs], ([next]) => (view.value = spanOf(next, now())));
  const { pause, resume } = useIntervalFn(() => (view.value = spanOf(range.value, now())), 1000);
  watch(live, (following) => (following ? resume() : pause()), { immediate: true });

  function set(next: TimeRange): void {
    void router.push({ query: { ...route.query, ...rangeQuery(next, fallback) } });
  }
  /** Shows the span at once; its data is loaded with a debounce. */
  function preview(span: Span): void {
    pause();
    view.value = span;
    clearTimeout(commit);
    commit = setTimeout(() => set(span), COMMIT_MS);
  }
  /** Moves the charts at most once per frame, however many input events arrive. */
  function pan(share: number): void {
    pending += share;
    frame ??= requestAnimationFrame(() => {
      preview(shifted(view.value, pending, now()));
      pending = 0;
      frame = undefined;
    });
  }
  // A pending range must not be applied to the next page.
  onScopeDispose(() => {
    clearTimeout(commit);
    if (frame !== undefined) cancelAnimationFrame(frame);
  });
  const zoom = (factor: number) => set(scaled(view.value, factor, now()));
  const freeze = () => set({ ...view.value });
  function follow(): void {
    const seconds = lengthMs(view.value) / 1000;
    const presets = Object.keys(PRESETS) as Preset[];
    set({ preset: presets.find((preset) => PRESETS[preset] >= seconds * 0.99) ?? '30d' });
  }
  return { range, live, view, every, now, set, pan, zoom, freeze, follow };
}

export type TimeRangeControl = ReturnType<typeof useTimeRange>;
