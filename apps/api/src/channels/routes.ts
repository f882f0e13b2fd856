import { userActor } from '../accounts/index.ts';
import { notFound } from '../errors.ts';
import { type App, Empty, IdParams, replies, security } from '../http/schemas.ts';
import { addChannel, changeChannel, removeChannel } from './change-channels.ts';
import { findChannel, listChannels } from './channel-store.ts';
import type { ChannelDeps } from './open-channels.ts';
import { Channel, ChannelChange, Channels, ChannelWithSecret, NewChannel, PushKey, TestResult } from './schemas.ts';
import { testChannel } from './test-channel.ts';

const tags = ['alert-channels'];

/** Where alerts are sent. People see and change their own channels only, administrators too. */
export function channelRoutes(app: App, { channels }: { channels: ChannelDeps }): void {
  const { db, kinds } = channels;

  app.get(
    '/alert-channels',
    { schema: { tags, security, response: replies({ 200: Channels }, 'unauthorized') } },
    async ({ caller }) => ({ items: await listChannels(db, caller.id), kinds }),
  );

  app.get(
    '/alert-channels/webpush-key',
    { schema: { tags, security, response: replies({ 200: PushKey }, 'unauthorized') } },
    async () => ({ public_key: await channels.pushKey() }),
  );

  app.get(
    '/alert-channels/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 200: Channel }, 'unauthorized', 'not_found'),
      },
    },
    async ({ caller, params }) => {
      const channel = await findChannel(db, caller.id, params.id);
      if (!channel) throw notFound('alert channel');
      return channel;
    },
  );

  app.post(
    '/alert-channels',
    {
      schema: {
        tags,
        security,
        body: NewChannel,
        response: replies({ 201: ChannelWithSecret }, 'unauthorized', 'forbidden'),
      },
    },
    async (request, reply) =>
      reply.code(201).send(await addChannel(channels, userActor(request), request.caller.id, request.body)),
  );

  app.patch(
    '/alert-channels/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        body: ChannelChange,
        response: replies({ 200: ChannelWithSecret }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request) => changeChannel(channels, userActor(request), request.caller.id, request.params.id, request.body),
  );

  app.delete(
    '/alert-channels/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 204: Empty }, 'unauthorized', 'forbidden', 'not_found'),
      },
    },
    async (request, reply) => {
      await removeChannel(db, userActor(request), request.caller.id, request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/alert-channels/:id/test',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 200: TestResult }, 'unauthorized', 'forbidden', 'not_found', 'rate_limited'),
      },
    },
    async ({ caller, params }) => testChannel(channels, caller.id, params.id),
  );
}
