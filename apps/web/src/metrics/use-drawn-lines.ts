import { computed, type Ref, ref, shallowRef, watch } from 'vue';
import type { Chart, Line } from './charts';

/** More lines than this cannot be told apart. */
export const MOST_LINES = 12;

const latest = ({ points }: Line) => points.findLast(([, value]) => value !== null)?.[1] ?? Number.NEGATIVE_INFINITY;

/** The lines with the largest latest values, in their original order. */
export function leading(lines: Line[]): string[] {
  if (lines.length <= MOST_LINES) return lines.map(({ label }) => label);
  const first = lines.map((line) => ({ line, value: latest(line) })).sort((a, b) => b.value - a.value);
  const chosen = new Set(first.slice(0, MOST_LINES).map(({ line }) => line));
  return lines.filter((line) => chosen.has(line)).map(({ label }) => label);
}

/** Which lines of a chart are drawn: the leading ones when a range is first shown, and those added. New values do not change the choice. */
export function useDrawnLines(chart: () => Chart, range: Ref<unknown>) {
  const leaders = shallowRef<string[]>([]);
  const added = ref(new Set<string>());
  let isNewRange = true;
  watch(range, () => (isNewRange = true));
  watch(
    chart,
    ({ lines }) => {
      const known = new Set(lines.map(({ label }) => label));
      const room = Math.min(MOST_LINES, lines.length);
      const still = leaders.value.filter((label) => known.has(label)).length;
      if (isNewRange || still < room) leaders.value = leading(lines);
      isNewRange = false;
    },
    { immediate: true },
  );
  const labels = computed(() => new Set([...leaders.value, ...added.value]));
  const drawn = computed((): Chart => {
    const { lines, ...rest } = chart();
    if (lines.length <= MOST_LINES) return chart();
    const known = new Map(lines.map((line) => [line.label, line]));
    return { ...rest, lines: [...labels.value].flatMap((label) => known.get(label) ?? []) };
  });
  const others = computed(() =>
    chart().lines.length <= MOST_LINES ? [] : chart().lines.filter(({ label }) => !labels.value.has(label)),
  );
  const add = (label: string) => (added.value = new Set([...added.value, label]));
  return { drawn, others, add };
}
