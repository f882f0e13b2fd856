import { useIntervalFn, useOnline } from '@vueuse/core';
import { computed, readonly, ref, watch } from 'vue';
import { isProblemReply, unreachable } from './problem';

const CHECK_MS = 5_000;
const answering = ref(true);
/** Whether the server responded to the last request. */
export const answers = readonly(answering);

/** Like fetch, and notes whether the server responds. @throws ApiProblem unreachable, or AbortError */
export async function reach(input: Request | string, init?: RequestInit): Promise<Response> {
  try {
    const response = await fetch(input, init);
    answering.value = response.status < 500 || isProblemReply(response);
    return response;
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    answering.value = false;
    throw unreachable();
  }
}

/** `offline`: this computer has no network; `down`: the server does not respond. Polls until it does. */
export function useReachability(onBack: () => void) {
  const online = useOnline();
  const check = () => void reach('/api/health').catch(() => undefined);
  const { pause, resume } = useIntervalFn(check, CHECK_MS, { immediate: false });
  watch(online, (connected) => connected && !answers.value && check());
  watch(answers, (good) => (good ? pause() : resume()), { immediate: true });
  watch([answers, online], ([good, connected], [wasGood, wasConnected]) => {
    if (good && connected && !(wasGood && wasConnected)) onBack();
  });
  const state = computed(() => (!online.value ? 'offline' : answers.value ? 'reachable' : 'down'));
  return { state: readonly(state), check };
}
