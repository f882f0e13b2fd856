import { type Static, Type } from 'typebox';
import { Body, Id, Nullable, Timestamp } from '../http/schemas.ts';
import { Name } from '../http/text.ts';
import { Architecture, RobotStatus } from '../robots/index.ts';

const Code = Type.String({ pattern: '^[0-9]{8}$', description: '8 digits' });
export const CodeParams = Type.Object({ code: Code });

/** Unlike other bodies, allows unknown members: a newer agent may send more than this server knows. */
export const PairRequest = Type.Object({
  hostname: Name,
  code: Code,
  name: Type.Optional(Name),
  architecture: Type.Optional(Architecture),
  agent_version: Type.Optional(Type.String({ maxLength: 64, pattern: '^[\\w.+-]*$' })),
});
export type PairRequest = Static<typeof PairRequest>;
export const PairRequested = Type.Object({
  robot_id: Id,
  status: Type.Literal('pending'),
  poll_token: Type.String(),
  interval: Type.Integer({ description: 'seconds between polls' }),
  expires_in: Type.Integer({ description: 'seconds' }),
});
export const PairPreview = Type.Object({
  hostname: Type.String(),
  name: Type.String(),
  architecture: Nullable(Architecture),
  address: Nullable(Type.String()),
  requested_at: Timestamp,
  age_s: Type.Integer(),
  expires_in: Type.Integer(),
});
const Replaces = Type.Integer({
  minimum: 1,
  maximum: 2147483647,
  description: 'a robot that this device replaces: it keeps its id, name, labels and history; its former token ends',
});
export const Confirmation = Type.Union([
  Body({ name: Type.Optional(Name), replaces: Type.Optional(Replaces) }),
  Type.Null(),
]);
export const Confirmed = Type.Object({
  robot_id: Id,
  status: RobotStatus,
  influxdb_token: Type.String({ description: 'shown once' }),
});
export const PairStatus = Type.Object({
  status: Type.Union([Type.Literal('pending'), Type.Literal('confirmed'), Type.Literal('expired')]),
  token: Type.Optional(Type.String()),
  robot_id: Type.Optional(Id),
  name: Type.Optional(Type.String()),
});
export const Undone = Type.Object({
  robot_id: Id,
  new_robot_id: Type.Integer({ description: 'the robot that the newer hardware is now' }),
});
