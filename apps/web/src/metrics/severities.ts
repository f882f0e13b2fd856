export type Severity = 'good' | 'warning' | 'error' | 'unknown';

const ON_IS_BAD = { true: 'warning' } as const;
/** What texts that the agent's own scripts and examples send mean, by measurement and field. Others are neutral. */
const SEVERITIES: Record<string, Record<string, Severity>> = {
  'ros_diagnostics state': { ok: 'good', warning: 'warning', error: 'error', stale: 'unknown' },
  'ros_battery health': {
    Good: 'good',
    ...{ Cold: 'warning', 'Watchdog expired': 'warning', 'Timer expired': 'warning' },
    ...{ Overheat: 'error', Dead: 'error', Overvoltage: 'error', Failure: 'error' },
  },
};

/** By value; undefined if nothing is known of the field. Each boolean of a board's firmware tells of a trouble. */
export function severitiesOf(measurement: string, field: string): Record<string, Severity> | undefined {
  if (measurement === 'soc') return ON_IS_BAD;
  const key = `${measurement} ${field}`;
  return Object.hasOwn(SEVERITIES, key) ? SEVERITIES[key] : undefined;
}
