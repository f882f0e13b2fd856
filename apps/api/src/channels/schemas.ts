import { type Static, Type } from 'typebox';
import type { ChannelKind, Language as LanguageName } from '../db/schema.ts';
import { Body, Id, Nullable, Timestamp } from '../http/schemas.ts';
import { Email, Name, Text } from '../http/text.ts';

export const KINDS: ChannelKind[] = ['email', 'telegram', 'ntfy', 'webhook', 'webpush'];
export type Format = 'json' | 'slack' | 'mattermost' | 'discord' | 'matrix';
/** What a webhook writes: our own JSON, or what a chat takes. */
const FORMATS: Format[] = ['json', 'slack', 'mattermost', 'discord', 'matrix'];
const oneOf = <T extends string>(values: T[], description?: string) =>
  Type.Unsafe<T>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      description ? { description } : {},
    ),
  );
const Kind = oneOf(KINDS);
const Format = oneOf(
  FORMATS,
  'webhook: json (each alert, signed), or the message that a chat takes; matrix is for hookshot',
);
const Language = oneOf<LanguageName>(['en', 'ru']);
const Time = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });
/** IANA name. */
const TimeZone = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_+/-]+$' });
const QuietHours = Type.Object(
  { from: Time, to: Time, time_zone: TimeZone },
  { additionalProperties: false, description: 'Only critical news go out then; the rest waits for the end' },
);

const Url = Text({ minLength: 1, maxLength: 2000 });
/** The members of all kinds; which belong to a kind is checked by it. */
export const GivenSettings = Type.Object(
  {
    to: Type.Optional(Email),
    chat_id: Type.Optional(Type.Union([Text({ minLength: 1, maxLength: 64 }), Type.Integer()])),
    url: Type.Optional(Url),
    topic: Type.Optional(Text({ minLength: 1, maxLength: 64 })),
    token: Type.Optional(Text({ minLength: 1, maxLength: 256 })),
    secret: Type.Optional(Text({ minLength: 16, maxLength: 256 })),
    format: Type.Optional(Format),
    endpoint: Type.Optional(Url),
    expirationTime: Type.Optional(Nullable(Type.Number())),
    keys: Type.Optional(
      Type.Object(
        { p256dh: Text({ minLength: 1, maxLength: 200 }), auth: Text({ minLength: 1, maxLength: 100 }) },
        { additionalProperties: false },
      ),
    ),
  },
  {
    additionalProperties: false,
    description:
      "email: to · telegram: chat_id · ntfy: url, topic, token? · webhook: url, secret? (made when left out), format? · webpush: the browser's PushSubscription",
  },
);
export type GivenSettings = Static<typeof GivenSettings>;

const Settings = Type.Unsafe<Record<string, unknown>>(
  Type.Object(
    {
      to: Type.Optional(Type.String()),
      chat_id: Type.Optional(Type.String()),
      url: Type.Optional(Type.String({ description: 'Of a chat, whose address is a secret: as far as its host' })),
      topic: Type.Optional(Type.String()),
      format: Type.Optional(Format),
      host: Type.Optional(Type.String()),
      endpoint_sha256: Type.Optional(Type.String({ description: 'webpush: hex, by which a browser knows its own' })),
    },
    { description: 'Without tokens, secrets and keys' },
  ),
);

export const NewChannel = Body({
  kind: Kind,
  name: Name,
  settings: GivenSettings,
  language: Type.Optional(Language),
  time_zone: Type.Optional(TimeZone),
  quiet_hours: Type.Optional(Nullable(QuietHours)),
});
export const ChannelChange = Body({
  name: Type.Optional(Name),
  settings: Type.Optional(GivenSettings),
  language: Type.Optional(Language),
  time_zone: Type.Optional(TimeZone),
  quiet_hours: Type.Optional(Nullable(QuietHours)),
});

const channel = {
  id: Id,
  kind: Kind,
  name: Type.String(),
  settings: Settings,
  has_secret: Type.Boolean({ description: 'a token or a secret is kept' }),
  language: Language,
  time_zone: Type.String({ description: 'Of the times in messages' }),
  quiet_hours: Nullable(QuietHours),
  created_at: Timestamp,
  tested_at: Nullable(Timestamp),
  last_sent_at: Nullable(Timestamp),
  failing_since: Nullable(Timestamp),
  last_error: Nullable(Type.String()),
};
export const Channel = Type.Object(channel);
export const ChannelWithSecret = Type.Object({
  ...channel,
  secret: Type.Optional(Type.String({ description: 'The secret that was made for a webhook: shown this once' })),
});
export const Channels = Type.Object({
  items: Type.Array(Channel),
  kinds: Type.Array(Kind, { description: 'What this server is set up for' }),
});
export const TestResult = Type.Object({
  delivered: Type.Boolean(),
  error: Nullable(Type.String({ description: 'Why it was not delivered' })),
});
export const PushKey = Type.Object({
  public_key: Type.String({ description: 'applicationServerKey for PushManager.subscribe, base64url' }),
});
