import { useIntervalFn } from '@vueuse/core';
import { computed, readonly, shallowRef, watch } from 'vue';
import { type ApiProblem, asProblem, unreachable } from '../api/problem';
import { useSession } from './session';

const AGAIN_MS = 5_000;

/**
 * Who is signed in could not be found out when the page was opened: the server was away, or its database. Asks until
 * that is known, while `wanted`. `problem`: what kept it from being known last.
 */
export function useResumption(wanted: () => boolean) {
  const session = useSession();
  const problem = shallowRef<ApiProblem>(unreachable());
  const isOpen = computed(() => wanted() && session.state === 'unknown');
  let asking = false;

  async function resume(): Promise<void> {
    if (asking || !isOpen.value) return;
    asking = true;
    await session.resume().catch((error) => {
      problem.value = asProblem(error);
    });
    asking = false;
  }

  const again = () => (problem.value.retryAt ?? 0) <= Date.now() && void resume();
  const timer = useIntervalFn(again, AGAIN_MS, { immediate: false, immediateCallback: true });
  watch(isOpen, (open) => (open ? timer.resume() : timer.pause()), { immediate: true });
  return { problem: readonly(problem), resume };
}
