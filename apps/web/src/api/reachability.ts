import { useIntervalFn, useOnline } from '@vueuse/core';
import { computed, readonly, ref, watch } from 'vue';
import { isProblemReply, unreachable } from './problem';

const CHECK_MS = 5_000;
/** A server that takes longer to say that it is alive is as good as down. */
const PATIENCE_MS = 10_000;
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

/** Asks whether the server responds, which `answers` then tells. */
export const checkServer = () =>
  reach('/api/health', { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
    () => undefined,
    () => undefined,
  );

/** `offline`: this computer has no network; `down`: the server does not respond. Polls until it does. */
export function useReachability(onBack: () => void) {
  const online = useOnline();
  const { pause, resume } = useIntervalFn(checkServer, CHECK_MS, { immediate: false });
  watch(online, (connected) => connected && !answers.value && checkServer());
  watch(answers, (good) => (good ? pause() : resume()), { immediate: true });
  watch([answers, online], ([good, connected], [wasGood, wasConnected]) => {
    if (good && connected && !(wasGood && wasConnected)) onBack();
  });
  const state = computed(() => (!online.value ? 'offline' : answers.value ? 'reachable' : 'down'));
  return { state: readonly(state) };
}
