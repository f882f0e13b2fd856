import { useIntervalFn } from '@vueuse/core';
import { computed, readonly, shallowRef, watch } from 'vue';
import { type ApiProblem, asProblem, unreachable } from '../api/problem';
import { useSession } from './session';

const AGAIN_MS = 5_000;

/**
 * For a page opened while the server or its database is unavailable: while `wanted`, retries until it is known who is
 * signed in. `problem`: why the last attempt failed.
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
