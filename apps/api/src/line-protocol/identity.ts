import type { Architecture } from '../db/schema.ts';

/** A robot's identity, as stamped on its points. */
export interface RobotIdentity {
  id: number;
  name: string;
  hostname: string;
  architecture: Architecture | null;
}

/** Tags that InfluxDB would confuse with columns of its own. They are refused, whichever store is used. */
export const RESERVED_TAGS: ReadonlySet<string> = new Set([
  ...['_measurement', '_field', 'time', '_time', '_value', '_start', '_stop', 'result', 'table'],
]);

/** Tags that the server stamps on every point; a client's own tags with these keys are dropped. */
export const IDENTITY_TAGS: ReadonlySet<string> = new Set(['robot', 'hostname', 'arch', 'robot_id']);

/** `,key=value` pairs for stamping, each escaped for line protocol. */
export function identityTags(robot: RobotIdentity): Map<string, string> {
  const tags = {
    robot: robot.name,
    hostname: robot.hostname,
    arch: robot.architecture ?? 'unknown',
    robot_id: String(robot.id),
  };
  return new Map(Object.entries(tags).map(([key, value]) => [key, `,${key}=${escapeTagValue(value)}`]));
}

/**
 * A trailing backslash would escape the next separator, so backslashes become slashes. Latin1, one character per byte.
 */
function escapeTagValue(value: string): string {
  const clean =
    value
      .replaceAll('\\', '/')
      .replace(/[\p{Cc}]/gu, ' ')
      .trim() || '-';
  return Buffer.from(clean.replace(/[,= ]/g, '\\$&')).toString('latin1');
}

export const sameIdentity = (a: RobotIdentity, b: RobotIdentity) =>
  a.id === b.id && a.name === b.name && a.hostname === b.hostname && a.architecture === b.architecture;
