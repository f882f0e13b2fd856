import type { Channel, ChannelBody, ChannelChange, ChannelKind } from '../api/types';

export const KINDS: readonly ChannelKind[] = ['email', 'telegram', 'ntfy', 'webhook', 'webpush'];
export const FORMATS = ['json', 'slack', 'mattermost', 'discord', 'matrix'] as const;
export type Format = (typeof FORMATS)[number];

/** A channel as it is being typed. An empty secret stays as it is, or is made by the server. */
export interface ChannelDraft {
  kind: ChannelKind;
  name: string;
  to: string;
  chat_id: string;
  url: string;
  topic: string;
  token: string;
  secret: string;
  format: Format;
  language: 'en' | 'ru';
  isQuiet: boolean;
  quiet: { from: string; to: string };
}

export const freshChannel = (kind: ChannelKind, language: 'en' | 'ru'): ChannelDraft => ({
  ...{
    kind,
    name: '',
    to: '',
    chat_id: '',
    url: kind === 'ntfy' ? 'https://ntfy.sh' : '',
    topic: '',
    token: '',
    secret: '',
  },
  ...{ format: 'json', language, isQuiet: false, quiet: { from: '22:00', to: '08:00' } },
});

type Settings = Record<string, string | undefined>;

export function draftOfChannel(channel: Channel): ChannelDraft {
  const { to = '', chat_id = '', url = '', topic = '', format = 'json' } = channel.settings as Settings;
  const quiet = channel.quiet_hours;
  return {
    ...freshChannel(channel.kind, channel.language),
    ...{ name: channel.name, to, chat_id: String(chat_id), url, topic, format: format as Format },
    ...(quiet ? { isQuiet: true, quiet: { from: quiet.from, to: quiet.to } } : {}),
  };
}

/** What goes to the API. @param subscription of this browser, for Web Push */
export function channelBody(draft: ChannelDraft, timeZone: string, subscription?: PushSubscriptionJSON): ChannelBody {
  return {
    ...{ kind: draft.kind, name: draft.name.trim(), language: draft.language, time_zone: timeZone },
    settings: settingsOf(draft, subscription),
    quiet_hours: draft.isQuiet ? { ...draft.quiet, time_zone: timeZone } : null,
  } as ChannelBody;
}

function settingsOf(draft: ChannelDraft, subscription?: PushSubscriptionJSON): Record<string, unknown> {
  const [url, secret, token] = [draft.url.trim(), draft.secret.trim(), draft.token.trim()];
  switch (draft.kind) {
    case 'email':
      return { to: draft.to.trim() };
    case 'telegram':
      return { chat_id: draft.chat_id.trim() };
    case 'ntfy':
      return { url, topic: draft.topic.trim(), ...(token ? { token } : {}) };
    case 'webhook':
      return {
        url,
        ...(draft.format === 'json' ? {} : { format: draft.format }),
        ...(secret ? { secret } : {}),
      };
    case 'webpush':
      return { endpoint: subscription?.endpoint, keys: subscription?.keys };
  }
}

/** What changes an existing channel: settings only if they were edited, because not all of them are shown. */
export function channelChange(draft: ChannelDraft, former: Channel, timeZone: string): ChannelChange {
  const { kind: _kind, settings, ...body } = channelBody(draft, timeZone);
  const isSame = JSON.stringify(settings) === JSON.stringify(settingsOf(draftOfChannel(former)));
  return isSame ? body : { ...body, settings };
}

/** Where the channel leads to, in a line. */
export function targetOf({ kind, settings }: Channel): string {
  const { to, chat_id, url, topic, host } = settings as Settings;
  if (kind === 'email') return to ?? '';
  if (kind === 'telegram') return String(chat_id ?? '');
  if (kind === 'ntfy') return `${url?.replace(/\/$/, '')}/${topic}`;
  if (kind === 'webhook') return url ?? '';
  return host ?? '';
}
