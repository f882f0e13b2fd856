import { randomUUID } from 'node:crypto';
import type { ChannelKind, Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import type { Attempts } from '../http/attempts.ts';
import { openSecrets } from './change-channels.ts';
import { findWholeChannel, noteTest } from './channel-store.ts';
import { letterTo } from './delivery/deliverer.ts';
import type { Send } from './senders/sender.ts';
import { Undelivered } from './undelivered.ts';

/** A person waits for it. */
const WAIT_MS = 15_000;

export interface TestParts {
  db: Database;
  sealKey: Buffer;
  send: Partial<Record<ChannelKind, Send>>;
  publicUrl: string;
  attempts: Attempts;
}

/** Sends a test message now. @throws AppError not_found, rate_limited */
export async function testChannel(
  { db, sealKey, send, publicUrl, attempts }: TestParts,
  userId: number,
  id: number,
): Promise<{ delivered: boolean; error: string | null }> {
  const channel = await findWholeChannel(db, userId, id);
  if (!channel) throw notFound('alert channel');
  const sender = send[channel.kind];
  if (!sender) throw new AppError('validation_failed', 'This server is not set up for this kind of channel.');
  await attempts.spend(userId);
  const news = [{ what: 'test' as const }];
  const target = { settings: channel.settings, secrets: openSecrets(sealKey, channel.encrypted_secrets) };
  const message = { key: randomUUID(), news, letter: letterTo(channel, news, publicUrl) };
  let error: string | null = null;
  try {
    await sender(target, message, AbortSignal.timeout(WAIT_MS));
  } catch (thrown) {
    if (!(thrown instanceof Undelivered)) throw thrown;
    error = thrown.message;
  }
  await noteTest(db, id, error);
  return { delivered: error === null, error };
}
