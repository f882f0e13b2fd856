import { createEventHook, createSharedComposable, useDocumentVisibility } from '@vueuse/core';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { onScopeDispose, readonly, ref, watch } from 'vue';
import { useSession } from '../auth/session';
import { reach } from './reachability';

export interface FleetEvent {
  type: 'robot_seen' | 'robot_offline' | 'robot_status_changed' | 'robot_paired' | 'robot_deleted';
  robotIds: number[];
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** The server says that it is there every 15 s; silence for longer is a dead connection. */
const SILENCE_MS = 40_000;

/**
 * Server-sent events by fetch: an EventSource cannot send the access token. Open while the page is seen only, because
 * a browser keeps six connections to one HTTP/1.1 server, all tabs together. `live` false: poll instead.
 */
export const useLiveEvents = createSharedComposable(() => {
  const session = useSession();
  const visibility = useDocumentVisibility();
  const live = ref(false);
  const heard = createEventHook<FleetEvent>();
  const back = createEventHook<void>();
  let abort: AbortController | undefined;

  async function listen({ signal }: AbortController) {
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      const opened = await readStream(signal).catch(() => false);
      live.value = false;
      if (opened) pause = FIRST_PAUSE_MS;
      await new Promise((resolve) => setTimeout(resolve, pause * (0.7 + 0.6 * Math.random())));
    }
  }

  /** @returns whether it had been open */
  async function readStream(signal: AbortSignal): Promise<boolean> {
    const token = await session.token();
    if (!token) return false;
    const silence = new AbortController();
    let alarm = setTimeout(() => silence.abort(), SILENCE_MS);
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    try {
      const response = await reach('/api/events', { headers, signal: AbortSignal.any([signal, silence.signal]) });
      if (response.status === 401) await session.renew(token);
      if (!response.ok || !response.body) return false;
      live.value = true;
      void back.trigger();
      const awake = new TransformStream<string, string>({
        transform(chunk, controller) {
          clearTimeout(alarm);
          alarm = setTimeout(() => silence.abort(), SILENCE_MS);
          controller.enqueue(chunk);
        },
      });
      const decoder = new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>;
      const events = response.body.pipeThrough(decoder).pipeThrough(awake).pipeThrough(new EventSourceParserStream());
      const reader = events.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const { robot_id, robot_ids } = JSON.parse(next.value.data) as { robot_id?: number; robot_ids?: number[] };
        const robotIds = robot_ids ?? (robot_id === undefined ? [] : [robot_id]);
        void heard.trigger({ type: next.value.event as FleetEvent['type'], robotIds });
      }
      return true;
    } finally {
      clearTimeout(alarm);
    }
  }

  watch(
    [visibility, () => session.state],
    ([seen, state]) => {
      abort?.abort();
      abort = undefined;
      if (seen !== 'visible' || state !== 'signed-in') return;
      abort = new AbortController();
      void listen(abort);
    },
    { immediate: true },
  );
  onScopeDispose(() => abort?.abort());
  return { live: readonly(live), onEvent: heard.on, onBack: back.on };
});
