import { type Static, type TObject, Type } from 'typebox';
import type { Condition } from '../channels/index.ts';
import type { AlertValue } from '../db/schema.ts';
import { Body, Cursor, Id, Limit, Nullable, Page, Timestamp } from '../http/schemas.ts';
import { Lines, Name, Text } from '../http/text.ts';

const DAY_S = 86_400;
/** Longer windows would read a fleet's whole day again and again. */
const Window = Type.Integer({ minimum: 30, maximum: DAY_S, description: 'seconds' });
const After = Type.Integer({ minimum: 30, maximum: 30 * DAY_S, description: 'seconds' });
const Duration = Type.Integer({ minimum: 0, maximum: DAY_S, description: 'seconds' });
const Labels = Type.Record(Type.String({ minLength: 1, maxLength: 63 }), Text({ maxLength: 128 }), {
  minProperties: 1,
  maxProperties: 32,
  description: 'all of them must match',
});
const choice = <const Values extends readonly string[]>(...values: Values) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: [...values] });
const Value = Type.Unsafe<Exclude<AlertValue, null>>({
  anyOf: [{ type: 'number' }, { type: 'string', maxLength: 1000 }, { type: 'boolean' }],
});

const kind = (name: Condition['kind']) => Type.Literal(name);
const CONDITIONS: TObject[] = [
  Body({ kind: kind('offline'), after_s: After }),
  Body({
    kind: kind('threshold'),
    measurement: Text({ minLength: 1, maxLength: 256 }),
    field: Text({ minLength: 1, maxLength: 256 }),
    tags: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Text({ maxLength: 1000 }), {
        maxProperties: 16,
        description: 'only series with these tags; of several, the worst one counts',
      }),
    ),
    fn: choice('last', 'mean', 'min', 'max', 'sum', 'count', 'increase'),
    window_s: Window,
    op: choice('>', '>=', '<', '<=', '==', '!=', 'changed'),
    value: Type.Optional(Value),
    clear_value: Type.Optional(
      Type.Number({ description: 'A firing alert resolves only once this is no longer passed either' }),
    ),
  }),
  Body({
    kind: kind('log'),
    level: Type.Optional(Text({ minLength: 1, maxLength: 200, description: 'comma-separated: err,crit' })),
    program: Type.Optional(Text({ minLength: 1, maxLength: 255 })),
    q: Type.Optional(Lines({ minLength: 1, maxLength: 255, description: 'part of the message' })),
    count: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'entries within the window' }),
    window_s: Window,
  }),
  Body({ kind: kind('no_data'), measurement: Text({ minLength: 1, maxLength: 256 }), after_s: After }),
  Body({ kind: kind('disk_full_in'), days: Type.Number({ exclusiveMinimum: 0, maximum: 365 }) }),
  Body({ kind: kind('status'), status: Type.Literal('error') }),
  Body({
    kind: kind('clock_skew'),
    above_s: Type.Integer({ minimum: 30, maximum: 365 * DAY_S, description: 'seconds, either way' }),
  }),
  Body({ kind: kind('token_copied') }),
];
/** The member `kind` decides which form is checked, so that a mistake is described in its terms. */
const AskedCondition = Type.Unsafe<Condition>({
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: CONDITIONS,
});
const ShownCondition = Type.Unsafe<Condition>({ anyOf: CONDITIONS });

const Scope = Body({
  robots: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000, uniqueItems: true })),
  labels: Type.Optional(Labels),
  all: Type.Optional(Type.Literal(true)),
});
export type Scope = Static<typeof Scope>;

const Severity = choice('info', 'warning', 'critical');
const members = {
  name: Name,
  enabled: Type.Optional(Type.Boolean({ default: true })),
  scope: Scope,
  condition: AskedCondition,
  for_s: Type.Optional(Duration),
  resolve_for_s: Type.Optional(Duration),
  severity: Type.Optional(Severity),
  channels: Type.Optional(Type.Array(Id, { maxItems: 20, uniqueItems: true })),
  remind_after_s: Type.Optional(Nullable(Type.Integer({ minimum: 300, maximum: 30 * DAY_S }))),
};
export const NewRule = Body(members);
export type NewRule = Static<typeof NewRule>;
export const RuleChange = Body({
  ...members,
  name: Type.Optional(Name),
  enabled: Type.Optional(Type.Boolean()),
  scope: Type.Optional(Scope),
  condition: Type.Optional(AskedCondition),
});
export type RuleChange = Static<typeof RuleChange>;

export const Rule = Type.Object({
  id: Id,
  owner_id: Id,
  name: Type.String(),
  enabled: Type.Boolean(),
  scope: Scope,
  condition: ShownCondition,
  for_s: Type.Integer(),
  resolve_for_s: Type.Integer(),
  severity: Severity,
  channels: Type.Array(Id),
  remind_after_s: Nullable(Type.Integer()),
  created_at: Timestamp,
});
export const RuleQuery = Type.Object({ limit: Limit, cursor: Cursor });
export const Suggestions = Type.Object({
  items: Type.Array(
    Type.Object({
      key: Type.String(),
      condition: ShownCondition,
      for_s: Type.Integer(),
      resolve_for_s: Type.Integer(),
      severity: Severity,
    }),
  ),
});

const AnyValue = Type.Unsafe<AlertValue>({
  anyOf: [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }, { type: 'null' }],
});
export const Alert = Type.Object({
  id: Type.Integer(),
  rule_id: Type.Union([Id, Type.Null()], { description: 'null once the rule has been deleted' }),
  rule_name: Type.String(),
  robot_id: Id,
  robot_name: Type.String(),
  severity: Severity,
  state: choice('pending', 'firing', 'resolved'),
  value: AnyValue,
  since: Timestamp,
  fired_at: Nullable(Timestamp),
  quiet_since: Type.Union([Timestamp, Type.Null()], {
    description: 'It still fires, because since then nothing has been heard of what it is about',
  }),
  resolved_at: Nullable(Timestamp),
  ended: Type.Union([choice('recovered', 'not_watched', 'rule_changed', 'rule_deleted'), Type.Null()], {
    description: 'Why it ended',
  }),
  acknowledged_by: Nullable(Id),
  acknowledged_at: Nullable(Timestamp),
  silenced: Type.Boolean({ description: 'whether a silence holds its messages back' }),
});
export const AlertQuery = Type.Object({
  state: Type.Optional(choice('pending', 'firing', 'resolved')),
  rule_id: Type.Optional(Id),
  robot_id: Type.Optional(Id),
  limit: Limit,
  cursor: Cursor,
});
export type AlertQuery = Static<typeof AlertQuery>;
export const Alerts = Page(Alert);
export const AlertParams = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });

const TIME_OF_DAY = '^([01]\\d|2[0-3]):[0-5]\\d$';
const Weekly = Body({
  days: Type.Array(choice('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'), {
    ...{ minItems: 1, maxItems: 7, uniqueItems: true },
  }),
  from: Type.String({ pattern: TIME_OF_DAY }),
  to: Type.String({ pattern: TIME_OF_DAY, description: 'of the next day, unless it is later than from' }),
  time_zone: Type.String({ minLength: 1, maxLength: 60, description: 'IANA, such as Europe/Moscow' }),
});
export type Weekly = Static<typeof Weekly>;
const silenceMembers = {
  robot_id: Type.Optional(Nullable(Id)),
  labels: Type.Optional(Nullable(Labels)),
  rule_id: Type.Optional(Nullable(Id)),
  until: Type.Optional(
    Nullable(Type.String({ format: 'date-time', maxLength: 40, description: 'with weekly: the last one' })),
  ),
  weekly: Type.Optional(Nullable(Weekly)),
  comment: Type.Optional(Lines({ maxLength: 1000 })),
};
export const NewSilence = Body(silenceMembers);
export type NewSilence = Static<typeof NewSilence>;
export const Silence = Type.Object({
  id: Id,
  owner_id: Id,
  robot_id: Nullable(Id),
  labels: Nullable(Type.Record(Type.String(), Type.String())),
  rule_id: Nullable(Id),
  until: Nullable(Timestamp),
  weekly: Nullable(Weekly),
  comment: Type.String(),
  created_at: Timestamp,
  active: Type.Boolean({ description: 'whether it holds messages back now' }),
});

const Time = Type.Optional(Type.String({ maxLength: 60, description: 'RFC 3339, or relative to now: -1d' }));
export const PreviewBody = Body({ ...members, name: Type.Optional(Name), from: Time, to: Time });
export type PreviewBody = Static<typeof PreviewBody>;
export const PreviewReply = Type.Object({
  from: Timestamp,
  to: Timestamp,
  every_s: Type.Integer({ description: 'how often the past was looked at' }),
  robots: Type.Integer({ description: 'how many were looked at' }),
  firings: Type.Array(
    Type.Object({
      robot_id: Id,
      from: Timestamp,
      to: Type.Union([Timestamp, Type.Null()], { description: 'null: it would still fire' }),
      peak: AnyValue,
    }),
  ),
});
