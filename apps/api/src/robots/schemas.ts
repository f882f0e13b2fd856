import { type Static, Type } from 'typebox';
import type { FigureName } from '../figures/index.ts';
import { Body, Cursor, Id, Limit, Nullable, Timestamp } from '../http/schemas.ts';
import { Name, Text } from '../http/text.ts';

export const Architecture = Type.Union([Type.Literal('arm64'), Type.Literal('amd64'), Type.Literal('armhf')]);
export const RobotStatus = Type.Union([
  Type.Literal('pending'),
  Type.Literal('active'),
  Type.Literal('inactive'),
  Type.Literal('error'),
]);

const figure = (unit: string) => Type.Union([Type.Number(), Type.Null()], { description: unit });
const Latest = Type.Object({
  cpu_percent: figure('%'),
  memory_percent: figure('%'),
  disk_percent: figure('%'),
  temperature_c: figure('°C, the hottest sensor'),
  load1: figure('runnable processes, one-minute average'),
  uptime_s: figure('seconds'),
} satisfies Record<FigureName, unknown>);

const LABEL_KEY = '^[\\p{L}\\p{N}][\\p{L}\\p{N}_./ -]{0,62}$';
const Labels = Type.Record(Type.String({ pattern: LABEL_KEY }), Text({ maxLength: 128 }), {
  maxProperties: 32,
  additionalProperties: false,
  description: 'at most 32 short strings by key: letters, digits, _ . / - and spaces, without a colon',
});

export const Robot = Type.Object({
  id: Id,
  name: Type.String(),
  hostname: Type.String(),
  ip_address: Nullable(Type.String()),
  architecture: Nullable(Architecture),
  status: RobotStatus,
  online: Type.Boolean(),
  owner: Nullable(Type.Object({ id: Id, name: Type.String(), email: Type.String() })),
  created_at: Timestamp,
  last_seen_at: Nullable(Timestamp),
  agent_version: Nullable(Type.String()),
  clock_skew_ms: Type.Union([Type.Integer(), Type.Null()], {
    description: "Milliseconds by which the robot's clock is ahead of the server's",
  }),
  clock_corrected: Type.Union(
    [
      Type.Object({
        skew_ms: Type.Integer({ description: "Milliseconds by which the robot's clock was ahead of the server's" }),
        at: Timestamp,
      }),
      Type.Null(),
    ],
    { description: 'When an impossible clock last had its times corrected on arrival, within a day' },
  ),
  error_reason: Nullable(Type.String({ description: 'Why recent writes were rejected, in status error' })),
  former_token_refused_at: Type.Union([Timestamp, Type.Null()], {
    description: 'When a report with the previous token was last refused, to the minute',
  }),
  has_token: Type.Boolean({ description: 'Whether a device may report for it, once it is active' }),
  cloned: Type.Union(
    [
      Type.Object({
        noticed_at: Timestamp,
        devices: Type.Array(
          Type.Object({
            address: Nullable(Type.String()),
            booted_at: Type.Union([Timestamp, Type.Null()]),
            last_seen_at: Timestamp,
          }),
        ),
      }),
      Type.Null(),
    ],
    { description: 'Several devices that report with its token, by turns, within a day' },
  ),
  replaced: Type.Union(
    [
      Type.Object({
        at: Timestamp,
        hostname: Type.String({ description: 'of the former hardware' }),
        undo_until: Timestamp,
      }),
      Type.Null(),
    ],
    { description: 'The latest replacement of its hardware, while it can be undone' },
  ),
  inventory: Type.Union(
    [
      Type.Object({
        model: Nullable(Type.String({ description: 'of the board or computer' })),
        os: Nullable(Type.String()),
        kernel: Nullable(Type.String()),
        agent: Nullable(Type.String({ description: 'version of Telegraf' })),
        serial: Nullable(Type.String({ description: 'of the disk that holds the root' })),
        at: Timestamp,
        since: Type.Optional(Type.String({ format: 'date-time', description: 'the same since then; not in the list' })),
      }),
      Type.Null(),
    ],
    { description: 'What its agent last said about its computer, and when' },
  ),
  labels: Type.Record(Type.String(), Type.String()),
  latest: Latest,
});

export const RobotQuery = Type.Object({
  id: Type.Optional(
    Type.Array(Id, {
      maxItems: 200,
      description: 'only these robots, as id=1&id=2; those the caller may not see are omitted',
    }),
  ),
  label: Type.Optional(
    Type.Array(Text({ minLength: 2, maxLength: 200 }), {
      maxItems: 32,
      description: 'site:lab; with several all must match',
    }),
  ),
  q: Type.Optional(
    Text({ maxLength: 255, description: 'part of the name, hostname or address, or of what its inventory says' }),
  ),
  status: Type.Optional(RobotStatus),
  online: Type.Optional(Type.Boolean()),
  owner_id: Type.Optional(Id),
  sort: Type.Optional(
    Type.Union(
      [Type.Literal('name'), Type.Literal('hostname'), Type.Literal('created_at'), Type.Literal('last_seen_at')],
      { default: 'name' },
    ),
  ),
  order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')], { default: 'asc' })),
  limit: Limit,
  cursor: Cursor,
});
export type RobotQuery = Static<typeof RobotQuery>;

export const RobotChange = Body({
  name: Type.Optional(Name),
  status: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('inactive')])),
  owner_id: Type.Optional(Type.Integer({ minimum: 1, maximum: 2147483647, description: 'administrators only' })),
  labels: Type.Optional(Labels),
});
export type RobotChange = Static<typeof RobotChange>;
export const NewToken = Type.Object({ influxdb_token: Type.String({ description: 'shown once' }) });
