import type { Config } from '../../config/config.ts';
import type { ChannelKind, Database } from '../../db/schema.ts';
import { outsideAgent, ownAgent } from '../outside/outside-agent.ts';
import type { Resolve } from '../outside/resolve.ts';
import { pushKeys } from '../push-key-store.ts';
import { emailSender } from './email.ts';
import { ntfySender } from './ntfy.ts';
import type { Send } from './sender.ts';
import { telegramSender } from './telegram.ts';
import { webPushSender } from './web-push.ts';
import { webhookSender } from './webhook.ts';

export interface Senders {
  /** Only of kinds that the server is set up for. */
  send: Partial<Record<ChannelKind, Send>>;
  close(): Promise<void>;
}

/** @param pushSealKey seals the server's keys for Web Push */
export function openSenders(
  db: Database,
  pushSealKey: Buffer,
  { channels, publicUrl }: Pick<Config, 'channels' | 'publicUrl'>,
  resolve: Resolve,
): Senders {
  const { smtp, telegram, allowedHosts } = channels;
  const outside = outsideAgent({ allowedHosts, resolve });
  const own = ownAgent();
  // Push services want to know whom to write to about a server that misbehaves.
  const contact = smtp ? `mailto:${smtp.from.address}` : publicUrl.replace(/^http:.*/, 'mailto:robowatch@localhost');
  return {
    send: {
      ...(smtp && { email: emailSender(smtp) }),
      ...(telegram && { telegram: telegramSender(telegram, own) }),
      ntfy: ntfySender(outside),
      webhook: webhookSender(outside),
      webpush: webPushSender(outside, () => pushKeys(db, pushSealKey), contact),
    },
    async close() {
      await Promise.all([outside.destroy(), own.destroy()]);
    },
  };
}
