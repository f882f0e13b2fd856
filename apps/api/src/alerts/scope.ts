import type { WatchedRobot } from './fleet-store.ts';
import type { Scope } from './schemas.ts';

/** A rule, as far as it decides whom it concerns. The role is its owner's at this moment. */
export interface Scoped {
  owner_id: number;
  owner_role: 'user' | 'admin';
  scope: Scope;
}

export const hasLabels = (labels: Record<string, string> | null, wanted: Record<string, string>): boolean =>
  Object.entries(wanted).every(
    ([key, value]) => labels !== null && Object.hasOwn(labels, key) && labels[key] === value,
  );

/** The robots that the rule names and its owner may read now. */
export function robotsOf({ owner_id, owner_role, scope }: Scoped, fleet: WatchedRobot[]): WatchedRobot[] {
  const own = owner_role === 'admin' ? fleet : fleet.filter(({ ownerId }) => ownerId === owner_id);
  const { robots, labels } = scope;
  if (robots) {
    const named = new Set(robots);
    return own.filter(({ id }) => named.has(id));
  }
  return labels ? own.filter((robot) => hasLabels(robot.labels, labels)) : own;
}
