import { createEventHook, createSharedComposable, useDocumentVisibility } from '@vueuse/core';
import { onScopeDispose, readonly, ref, watch } from 'vue';
import { useSession } from '../auth/session';
import { whileAlone } from '../auth/tab-lock';
import { type FleetEvent, readEvents, SILENCE_MS } from './event-stream';
import { checkServer } from './reachability';

/** From the tab that reads the stream to the others. `ask`: from a tab that wants to know whether there is such a tab. */
type Message = { type: 'ask' | 'open' | 'awake' | 'closed' } | { type: 'event'; event: FleetEvent };
const CHANNEL = 'robowatch.events';

/**
 * The server's events, read by one tab for all visible ones: a browser opens at most six connections to an HTTP/1.1
 * server for all tabs together. `live` false: poll instead. `onBack`: events may have been missed.
 */
export const useLiveEvents = createSharedComposable(() => {
  const session = useSession();
  const visibility = useDocumentVisibility();
  const live = ref(false);
  const heard = createEventHook<FleetEvent>();
  const back = createEventHook<void>();
  const channel = new BroadcastChannel(CHANNEL);
  let wanted: AbortController | undefined;
  let isReader = false;
  let isOver = false;
  let alarm: ReturnType<typeof setTimeout> | undefined;

  function take(message: Message) {
    if (message.type === 'event') void heard.trigger(message.event);
    clearTimeout(alarm);
    const wasLive = live.value;
    live.value = message.type !== 'closed';
    if (live.value) alarm = setTimeout(() => (live.value = false), SILENCE_MS);
    if (message.type === 'open' || (live.value && !wasLive)) void back.trigger();
  }
  function tell(message: Message) {
    if (wanted) take(message);
    if (!isOver) channel.postMessage(message);
  }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!wanted) return;
    if (data.type !== 'ask') take(data);
    else if (isReader && live.value) channel.postMessage({ type: 'awake' } satisfies Message);
  };

  async function readForAll(signal: AbortSignal) {
    isReader = true;
    await readEvents(signal, {
      onOpen: () => tell({ type: 'open' }),
      onAwake: () => tell({ type: 'awake' }),
      onEvent: (event) => tell({ type: 'event', event }),
      onClosed: () => tell({ type: 'closed' }),
    });
    isReader = false;
  }
  function stop() {
    wanted?.abort();
    wanted = undefined;
    clearTimeout(alarm);
    live.value = false;
  }

  watch(
    [visibility, () => session.state],
    ([seen, state]) => {
      stop();
      if (seen !== 'visible' || state !== 'signed-in') return;
      wanted = new AbortController();
      channel.postMessage({ type: 'ask' } satisfies Message);
      void whileAlone(CHANNEL, wanted.signal, readForAll);
    },
    { immediate: true },
  );
  // A stream that breaks off or falls silent is the first sign of a server that is gone.
  watch(live, (now) => void (!now && wanted && checkServer()));
  onScopeDispose(() => {
    stop();
    isOver = true;
    channel.close();
  });
  return { live: readonly(live), onEvent: heard.on, onBack: back.on };
});
