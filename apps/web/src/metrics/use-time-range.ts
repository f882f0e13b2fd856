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

/** The server's clock minus ours: charts must not be empty because this computer's clock is wrong. */
const clockOffset = ref(0);
export function noteServerTime(time: number): void {
  const offset = time - Date.now();
  if (Math.abs(offset - clockOffset.value) > 1_500) clockOffset.value = offset;
}
export const serverNow = () => Date.now() + clockOffset.value;

/**
 * The range in the address, and `view`: what is on the screen, which moves ahead of it while panning and follows the
 * time while live. `shiftMs`: by how much the clock that dated the data is ahead of the server's.
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
  /** Shows at once, and reads the data when the hand rests. */
  function preview(span: Span): void {
    pause();
    view.value = span;
    clearTimeout(commit);
    commit = setTimeout(() => set(span), COMMIT_MS);
  }
  /** However many steps a hand makes in one frame, the charts move once. */
  function pan(share: number): void {
    pending += share;
    frame ??= requestAnimationFrame(() => {
      preview(shifted(view.value, pending, now()));
      pending = 0;
      frame = undefined;
    });
  }
  // Whoever leaves while the hand has just rested must not take the range along to another page.
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
