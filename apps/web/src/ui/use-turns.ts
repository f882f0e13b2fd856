import { onMounted, onScopeDispose, readonly, ref } from 'vue';

/** Ends the running task; the browser paints and answers before the next one. A hidden page has nobody to hold up. */
export const nextTask = () => new Promise<void>((resolve) => (document.hidden ? resolve() : setTimeout(resolve)));

/**
 * Counts from 0 to `turns`, one a task, after the component is there: what is shown piece by piece does not hold up
 * painting and input on a slow phone.
 */
export function useTurns(turns: number) {
  const turn = ref(0);
  let gone = false;
  onMounted(async () => {
    while (turn.value < turns) {
      await nextTask();
      if (gone) return;
      turn.value++;
    }
  });
  onScopeDispose(() => (gone = true));
  return readonly(turn);
}
