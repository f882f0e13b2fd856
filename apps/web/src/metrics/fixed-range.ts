import { computed } from 'vue';
import { type Span, stepSeconds } from './time-range';
import type { TimeRangeControl } from './use-time-range';

/** The control of a chart that shows one span and stays there. */
export function fixedRange(span: () => Span): TimeRangeControl {
  const view = computed(span);
  const stay = () => undefined;
  return {
    ...{ range: view, live: computed(() => false), view, every: computed(() => stepSeconds(view.value)) },
    ...{ now: () => view.value.to, set: stay, pan: stay, zoom: stay, freeze: stay, follow: stay },
  } as TimeRangeControl;
}
