import { PassThrough } from 'node:stream';
import { Type } from 'typebox';
import { isStillGood } from '../accounts/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { EventBus, FleetEvent } from '../events/event-bus.ts';
import type { App } from '../http/schemas.ts';
import { replies, security } from '../http/schemas.ts';

const HEARTBEAT_MS = 15_000;
const MAX_BACKLOG_BYTES = 1 << 20;

/** Each event is serialised once for all streams. */
const texts = new WeakMap<FleetEvent, string>();
function textOf(event: FleetEvent): string {
  const known = texts.get(event) ?? `event: ${event.type}\ndata: ${JSON.stringify(dataOf(event))}\n\n`;
  texts.set(event, known);
  return known;
}

function dataOf(event: FleetEvent) {
  if (event.type === 'access_changed') return {};
  if (event.type === 'alert_changed') return { alert_id: event.alert_id, robot_id: event.robot_id };
  if (event.type !== 'robot_seen') return { robot_id: event.robot_id };
  return event.robot_ids.length === 1 ? { robot_id: event.robot_ids[0] } : { robot_ids: event.robot_ids };
}

/**
 * Server-sent events (HTML Living Standard §9.2): `event: robot_seen`, `data: {"robot_id":1}`, or `{"robot_ids":[1,2]}`
 * for several robots, `event: alert_changed`, `data: {"alert_id":1,"robot_id":1}`. Clients fetch the named robots again; on `access_changed`, who they are (`GET /api/auth/me`).
 */
export function eventRoutes(
  app: App,
  { db, events, config }: { db: Database; events: EventBus; config: Config },
): void {
  const open = new Map<PassThrough, number>();
  app.addHook('preClose', async () => {
    for (const stream of open.keys()) stream.end();
  });

  app.get(
    '/events',
    {
      schema: {
        tags: ['events'],
        security,
        produces: ['text/event-stream'],
        response: replies({ 200: Type.String({ description: 'text/event-stream' }) }, 'unauthorized', 'rate_limited'),
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const own = [...open.values()].filter((userId) => userId === caller.id).length;
      if (own >= config.events.streamsPerUser)
        throw new AppError('rate_limited', 'Too many event streams are open. Close some pages.', {
          retryAfter: 30,
        });
      const stream = new PassThrough();
      open.set(stream, caller.id);
      const stillGood = async () => {
        if (!(await isStillGood(db, caller).catch(() => false))) stream.end();
      };
      const listener = (event: FleetEvent) => {
        // Disconnect a client that does not read; it will reconnect and fetch everything again.
        if (stream.readableLength + stream.writableLength > MAX_BACKLOG_BYTES) stream.destroy();
        else stream.write(textOf(event));
      };
      const topic = caller.role === 'admin' ? 'fleet' : (`owner ${caller.id}` as const);
      const onAccess = (event: FleetEvent) => {
        if (stream.writable) listener(event);
        void stillGood();
      };
      const heartbeat = setInterval(() => {
        stream.write(': still here\n\n');
        void stillGood();
      }, HEARTBEAT_MS);
      events.on(topic, listener);
      events.on(`user ${caller.id}`, onAccess);
      stream.on('close', () => {
        clearInterval(heartbeat);
        events.off(topic, listener);
        events.off(`user ${caller.id}`, onAccess);
        open.delete(stream);
      });
      request.raw.on('close', () => stream.destroy());
      stream.write('retry: 3000\n\n');
      return reply
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .type('text/event-stream')
        .serializer(String)
        .send(stream as never);
    },
  );
}
