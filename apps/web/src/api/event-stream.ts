import { until } from '@vueuse/core';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { useSession } from '../auth/session';
import { answers, reach } from './reachability';

export interface FleetEvent {
  /** `access_changed`: the person's own role, name or sessions. */
  type:
    | 'access_changed'
    | 'alert_changed'
    | 'robot_seen'
    | 'robot_offline'
    | 'robot_status_changed'
    | 'robot_paired'
    | 'robot_deleted';
  robotIds: number[];
}

export interface StreamHandlers {
  onOpen(): void;
  /** Anything arrived, including a keep-alive. */
  onAwake(): void;
  onEvent(event: FleetEvent): void;
  onClosed(): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** The server sends a keep-alive every 15 s. Longer silence means a dead connection. */
export const SILENCE_MS = 25_000;

/** Reads server-sent events and reconnects whenever the stream ends, until `signal` aborts. */
export async function readEvents(signal: AbortSignal, handlers: StreamHandlers): Promise<void> {
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    const opened = await readStream(signal, handlers).catch(() => false);
    handlers.onClosed();
    if (opened) pause = FIRST_PAUSE_MS;
    await abortablePause(pause * (0.7 + 0.6 * Math.random()), signal);
    await answering(signal);
  }
}

/** Uses fetch, because an EventSource cannot send the access token. @returns whether the stream was open */
async function readStream(signal: AbortSignal, { onOpen, onAwake, onEvent }: StreamHandlers): Promise<boolean> {
  const session = useSession();
  const token = await session.token();
  if (!token) return false;
  const silence = new AbortController();
  let alarm = setTimeout(() => silence.abort(), SILENCE_MS);
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  try {
    const response = await reach('/api/events', { headers, signal: AbortSignal.any([signal, silence.signal]) });
    if (response.status === 401) await session.renew(token);
    if (!response.ok || !response.body) return false;
    session.prove();
    onOpen();
    const awake = new TransformStream<string, string>({
      transform(chunk, controller) {
        clearTimeout(alarm);
        alarm = setTimeout(() => silence.abort(), SILENCE_MS);
        onAwake();
        controller.enqueue(chunk);
      },
    });
    const decoder = new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>;
    const events = response.body.pipeThrough(decoder).pipeThrough(awake).pipeThrough(new EventSourceParserStream());
    const reader = events.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { robot_id, robot_ids } = JSON.parse(next.value.data) as { robot_id?: number; robot_ids?: number[] };
      const robotIds = robot_ids ?? (robot_id === undefined ? [] : [robot_id]);
      onEvent({ type: next.value.event as FleetEvent['type'], robotIds });
    }
    return true;
  } finally {
    clearTimeout(alarm);
  }
}

/** Resolves when the server responds, at once if it already does. */
const answering = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    void until(answers)
      .toBe(true)
      .then(() => resolve());
  });

const abortablePause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
