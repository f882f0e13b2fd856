import { onMounted, onScopeDispose, readonly, ref } from 'vue';

/** Yields to the browser, which can paint and handle input before the next task. A hidden page need not yield. */
export const nextTask = () => new Promise<void>((resolve) => (document.hidden ? resolve() : setTimeout(resolve)));

/**
 * Counts from 0 to `turns` after mounting, one step per task: rendering in pieces keeps painting and input responsive on
 * a slow phone.
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
