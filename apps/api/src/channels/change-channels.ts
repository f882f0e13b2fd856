import { lockUser } from '../accounts/index.ts';
import { type Actor, audit } from '../audit/index.ts';
import type { ChannelKind, Database, Language, QuietHours } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { readTimeZone } from '../http/time-zone.ts';
import { open, seal } from '../secrets/secret-box.ts';
import { type ChannelSecrets, checkSettings, type UrlRules } from './channel-settings.ts';
import {
  deleteChannel,
  findWholeChannel,
  insertChannel,
  listChannels,
  lockChannel,
  startAfresh,
  updateChannel,
} from './channel-store.ts';
import type { GivenSettings } from './schemas.ts';

export const MAX_CHANNELS = 50;

export interface ChannelParts {
  db: Database;
  sealKey: Buffer;
  /** What the server is set up for. */
  kinds: ChannelKind[];
  urls: UrlRules;
}

interface Wanted {
  name: string;
  settings: GivenSettings;
  language?: Language;
  time_zone?: string;
  quiet_hours?: QuietHours | null;
}

/** @throws AppError validation_failed */
export async function addChannel(
  { db, sealKey, kinds, urls }: ChannelParts,
  actor: Actor,
  userId: number,
  { kind, name, settings, language = 'en', ...times }: Wanted & { kind: ChannelKind },
) {
  if (!kinds.includes(kind)) throw new AppError('validation_failed', NOT_SET_UP[kind]);
  const { time_zone = 'UTC', quiet_hours = null } = readTimes(times);
  const { made, secrets, ...checked } = await checkSettings(kind, settings, urls);
  return db.transaction().execute(async (tx) => {
    // Concurrent requests must not get past the limit together.
    await lockUser(tx, userId);
    const before = await listChannels(tx, userId);
    if (before.length >= MAX_CHANNELS)
      throw new AppError(
        'validation_failed',
        `There are ${MAX_CHANNELS} channels already. Delete those that are not needed.`,
      );
    if (kind === 'email') refuseSecond(before, checked.settings);
    const values = { ...checked, name, language, time_zone, quiet_hours, encrypted_secrets: sealed(sealKey, secrets) };
    const channel = await insertChannel(tx, userId, kind, values);
    const details = { channel_id: channel.id, channel_name: name, kind };
    await audit(tx, actor, { action: 'alert_channel.created', details });
    return { ...channel, ...(made && { secret: made }) };
  });
}

/** Settings are replaced as a whole. @throws AppError not_found, validation_failed */
export async function changeChannel(
  { db, sealKey, urls }: ChannelParts,
  actor: Actor,
  userId: number,
  id: number,
  { settings, ...given }: Partial<Wanted>,
) {
  const rest = readTimes(given);
  // DNS is asked before the transaction, which must not wait for it.
  const found = await findWholeChannel(db, userId, id);
  if (found && settings) await checkSettings(found.kind, settings, urls);
  return db.transaction().execute(async (tx) => {
    // In the order of adding, or the two could wait for each other.
    if (settings) await lockUser(tx, userId);
    const former = await lockChannel(tx, userId, id);
    if (!former) throw notFound('alert channel');
    const had = { settings: former.settings, secrets: openSecrets(sealKey, former.encrypted_secrets) };
    const checked = settings && (await checkSettings(former.kind, settings, { ...urls, resolve: async () => [] }, had));
    if (checked && former.kind === 'email') {
      const others = (await listChannels(tx, userId)).filter((one) => one.id !== id);
      refuseSecond(others, checked.settings);
    }
    const { made, secrets, ...values } = checked ?? {};
    const changed = { ...rest, ...values, ...(secrets && { encrypted_secrets: sealed(sealKey, secrets) }) };
    if (settings || rest.quiet_hours !== undefined) await startAfresh(tx, id);
    const channel = await updateChannel(tx, id, { name: former.name, ...changed });
    const details = {
      channel_id: id,
      channel_name: channel.name,
      changed: Object.keys({ ...rest, ...(settings && { settings }) }),
    };
    await audit(tx, actor, { action: 'alert_channel.changed', details });
    return { ...channel, ...(made && { secret: made }) };
  });
}

/** @throws AppError not_found */
export async function removeChannel(db: Database, actor: Actor, userId: number, id: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const removed = await deleteChannel(tx, userId, id);
    if (!removed) throw notFound('alert channel');
    const details = { channel_id: id, channel_name: removed.name, kind: removed.kind };
    await audit(tx, actor, { action: 'alert_channel.deleted', details });
  });
}

/** Dozens of channels to one address would be dozens of messages for each alert. @throws AppError validation_failed */
function refuseSecond(channels: { kind: ChannelKind; settings: unknown }[], { to }: Record<string, string>): void {
  const address = to?.toLowerCase();
  const isThere = channels.some(
    ({ kind, settings }) => kind === 'email' && String((settings as { to?: string }).to).toLowerCase() === address,
  );
  if (isThere) throw new AppError('validation_failed', 'You have a channel to this address already.');
}

const NOT_SET_UP: Record<ChannelKind, string> = {
  email: 'This server sends no e-mail: SMTP_URL is not set.',
  telegram: 'This server has no Telegram bot: TELEGRAM_BOT_TOKEN is not set.',
  ntfy: 'This server does not send to ntfy.',
  webhook: 'This server calls no webhooks.',
  webpush: 'This server does not push to browsers.',
};

const sealed = (key: Buffer, secrets: ChannelSecrets) =>
  Object.keys(secrets).length > 0 ? seal(key, JSON.stringify(secrets)) : null;

/** None when they were sealed with another SECRET_KEY. */
export function openSecrets(key: Buffer, encrypted: Buffer | null): ChannelSecrets {
  const plain = encrypted && open(key, encrypted);
  return plain ? JSON.parse(plain) : {};
}

/** With the zones' own names. @throws AppError validation_failed */
function readTimes<Times extends Pick<Partial<Wanted>, 'time_zone' | 'quiet_hours'>>(given: Times): Times {
  const { quiet_hours: quiet, time_zone: zone } = given;
  if (quiet && quiet.from === quiet.to)
    throw new AppError('validation_failed', 'quiet_hours must not last the whole day.');
  return {
    ...given,
    ...(zone && { time_zone: readTimeZone('time_zone', zone) }),
    ...(quiet && { quiet_hours: { ...quiet, time_zone: readTimeZone('quiet_hours.time_zone', quiet.time_zone) } }),
  };
}
