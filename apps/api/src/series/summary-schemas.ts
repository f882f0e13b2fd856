import { Type } from 'typebox';
import { Id, Nullable, Timestamp } from '../http/schemas.ts';

const Figure = Nullable(Type.Number());
const Time = Type.Optional(Type.String({ maxLength: 60, description: 'RFC 3339, or relative to now: -7d' }));
export const SummaryQuery = Type.Object({
  from: Time,
  to: Time,
  tz: Type.Optional(
    Type.String({ maxLength: 60, description: 'whose days: an IANA time zone such as Europe/Moscow; UTC by default' }),
  ),
});

const Disk = Type.Object({
  path: Type.String(),
  used_percent: Type.Number(),
  days_to_full: Type.Union([Type.Number(), Type.Null()], {
    description: 'as it grew over the last 14 days; null when it did not grow',
  }),
  robot_id: Id,
  robot: Type.String(),
});
const WorstHour = Nullable(Type.Object({ hour: Timestamp, value: Type.Number(), robot_id: Id, robot: Type.String() }));

export const Summary = Type.Object({
  from: Timestamp,
  to: Timestamp,
  online_share: Type.Union([Type.Number(), Type.Null()], { description: '0 to 1' }),
  days: Type.Array(
    Type.Object({
      day: Type.String({
        description: 'YYYY-MM-DD, of the time zone asked for; an hour counts in the day in which it begins',
      }),
      online_share: Figure,
      cpu_mean: Figure,
      cpu_max: Figure,
      memory_max: Figure,
      temperature_max: Figure,
      disk: Type.Array(Disk, {
        description: 'of the newest day: those full soonest first; 20 at most, and of several robots 3 of each',
      }),
      bytes_sent: Figure,
      bytes_received: Figure,
      error_logs: Type.Number(),
    }),
  ),
  worst_hours: Type.Object(
    { cpu: WorstHour, memory: WorstHour, temperature: WorstHour },
    {
      description:
        'Of all whole hours: the highest mean of CPU, the most memory used, the highest temperature. Of equal ones the earliest, and in that hour the first robot by name, then by id.',
    },
  ),
});
