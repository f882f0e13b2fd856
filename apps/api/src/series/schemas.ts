import { Type } from 'typebox';
import { Cursor, Id, Nullable, Page, Timestamp } from '../http/schemas.ts';
import { Lines, Text } from '../http/text.ts';

const Time = Type.Optional(Type.String({ maxLength: 60, description: 'RFC 3339, or relative to now: -1h' }));

export const SeriesParams = Type.Object({ id: Id, measurement: Text({ minLength: 1, maxLength: 256 }) });
export const SeriesQuery = Type.Object({
  fields: Type.Optional(Text({ maxLength: 4000, description: 'comma-separated; default: all' })),
  from: Time,
  to: Time,
  every: Type.Optional(Type.String({ maxLength: 20, description: 'a duration such as 30s, or auto' })),
  fn: Type.Optional(
    Type.Union(
      ['mean', 'min', 'max', 'last', 'sum', 'count'].map((fn) =>
        Type.Literal(fn as 'mean' | 'min' | 'max' | 'last' | 'sum' | 'count'),
      ),
      {
        default: 'mean',
        description:
          'Booleans and strings support last only. With any other function, they are refused if asked for by name and omitted otherwise.',
      },
    ),
  ),
  times: Type.Optional(
    Type.Union([Type.Literal('window'), Type.Literal('sample')], {
      default: 'window',
      description: "A point's time: the start of its window, or, with fn=last only, when the value was measured",
    }),
  ),
});
export const SeriesReply = Type.Object({
  measurement: Type.String(),
  from: Timestamp,
  to: Timestamp,
  every_s: Type.Number(),
  series: Type.Array(
    Type.Object({
      field: Type.String(),
      tags: Type.Record(Type.String(), Type.String()),
      points: Type.Array(Type.Array(Type.Unknown(), { minItems: 2, maxItems: 2, description: '[unix_ms, value]' })),
    }),
  ),
});
const trend = Type.Array(Nullable(Type.Number()), { description: 'one value per window, oldest first' });
export const TrendsQuery = Type.Object({
  ids: Type.String({
    maxLength: 2000,
    pattern: '^\\d{1,9}(,\\d{1,9}){0,199}$',
    description: 'comma-separated, 200 at most',
  }),
});
export const Trends = Type.Object({
  items: Type.Array(
    Type.Object({
      robot_id: Id,
      from: Timestamp,
      every_s: Type.Integer(),
      cpu_percent: trend,
      memory_percent: trend,
      disk_percent: trend,
      temperature_c: trend,
    }),
  ),
});
export const Measurements = Type.Object({
  items: Type.Array(
    Type.Object({
      measurement: Type.String(),
      fields: Type.Array(Type.Object({ field: Type.String(), type: Type.String() })),
    }),
  ),
});
export const LogQuery = Type.Object({
  from: Time,
  to: Time,
  level: Type.Optional(Text({ maxLength: 200, description: 'comma-separated, case-insensitive: err,crit' })),
  program: Type.Optional(Text({ maxLength: 255 })),
  q: Type.Optional(Lines({ maxLength: 255, description: 'part of the message' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Cursor,
});
export const Logs = Page(
  Type.Object({
    time: Type.String(),
    level: Nullable(Type.String()),
    program: Nullable(Type.String()),
    message: Type.String(),
  }),
);
