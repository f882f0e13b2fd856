/** What tells one computer that reports from another one. */
export interface Device {
  /** The kernel's boot id, where the agent tells it: 32 hexadecimal digits. */
  boot: string | null;
  /** When it was started, as its live figures tell, milliseconds since 1970; null where they do not. */
  bootedAt: number | null;
  address: string;
}

export interface DeviceSeen extends Device {
  at: number;
}

/**
 * Where only figures tell, starts that are nearer than this may be one: a report counts as live within two minutes, so a clock
 * that is set back and forth cannot make them differ by more than four.
 */
export const SAME_START_MS = 300_000;
const MAX_TRAIL = 6;

export const isSame = (a: Omit<Device, 'address'>, b: Omit<Device, 'address'>): boolean => {
  if (a.boot !== null || b.boot !== null) return a.boot === b.boot;
  return a.bootedAt !== null && b.bootedAt !== null && Math.abs(a.bootedAt - b.bootedAt) < SAME_START_MS;
};

/** Adds a sighting: devices in the order of their reports, those that follow one another once. */
export function withSighting(trail: readonly DeviceSeen[], seen: DeviceSeen): DeviceSeen[] {
  const last = trail.at(-1);
  if (last && isSame(last, seen)) return [...trail.slice(0, -1), { ...seen, bootedAt: seen.bootedAt ?? last.bootedAt }];
  return trail.length < MAX_TRAIL ? [...trail, seen] : [...trail.slice(0, -1), seen];
}
