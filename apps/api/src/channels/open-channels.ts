import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { Attempts } from '../http/attempts.ts';
import type { Telemetry } from '../monitoring/telemetry.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { Deliverer, giveUpStale } from './delivery/deliverer.ts';
import { countWaiting } from './delivery/delivery-store.ts';
import { resolver } from './outside/resolve.ts';
import { pushKeys } from './push-key-store.ts';
import { KINDS } from './schemas.ts';
import { openSenders } from './senders/index.ts';

interface Outside {
  db: Database;
  config: Config;
  telemetry: Telemetry;
  log: Logger;
  redis: Redis | undefined;
}

export type ChannelDeps = ReturnType<typeof openChannels>;

const HOUR_S = 3_600;

/** The channels of this server: what their routes need, and what sends. */
export function openChannels({ db, config, telemetry, log, redis }: Outside) {
  const { channels, secretKey, publicUrl } = config;
  const sealKey = deriveKey(secretKey, 'alert channels');
  const pushSealKey = deriveKey(secretKey, 'push keys');
  const resolve = resolver();
  const senders = openSenders(db, pushSealKey, config, resolve);
  const { send } = senders;
  const parts = { db, sealKey, send, publicUrl };
  const outcomes = {
    onOutcome: telemetry.delivery.bind(telemetry),
    onError: (err: unknown) => log.error({ err }, 'an alert could not be delivered'),
  };
  const mails = new Attempts('alert-mails', channels.mailsPerUser, redis, HOUR_S);
  const deliverer = new Deliverer({ ...parts, ...outcomes, groupWait: channels.groupWait, mails });
  telemetry.watchNotifications(() => countWaiting(db));
  return {
    ...parts,
    /** What the server is set up for. */
    kinds: KINDS.filter((kind) => send[kind]),
    urls: { allowedHosts: channels.allowedHosts, resolve },
    attempts: new Attempts('channel-test', channels.testsPerUser, redis, HOUR_S),
    pushKey: async () => (await pushKeys(db, pushSealKey)).publicKey,
    deliver: () => deliverer.run(),
    giveUpStale: () => giveUpStale({ db, ...outcomes }),
    async close() {
      await deliverer.close();
      await senders.close();
    },
  };
}
