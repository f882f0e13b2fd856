import type { Condition } from '../channels/index.ts';
import type { AlertSeverity } from '../db/schema.ts';
import { FIGURES, type Figure, type FigureName, TOTALS } from '../figures/index.ts';

export interface Suggestion {
  /** Stable, for its text in the reader's language. */
  key: string;
  condition: Condition;
  for_s: number;
  resolve_for_s: number;
  severity: AlertSeverity;
}

/** Below this part of its limit, a figure is well again. */
const CLEAR = 0.95;
/** A reading that jumps within the window is none of anybody's business. */
const WINDOW_S = 120;
const LASTS = { for_s: 120, resolve_for_s: 300 };

/** A figure at its limit, in terms of the field that it is derived from. */
function atLimit(key: string, name: FigureName, severity: 'warning' | 'critical'): Suggestion {
  const { measurement, field, of, limits, isRest }: Figure = FIGURES[name];
  const limit = limits?.[severity] ?? 0;
  const total = of === 'total' ? TOTALS[measurement] : undefined;
  const clear = Math.round(limit * CLEAR);
  const condition: Condition = {
    ...{ kind: 'threshold', measurement, field, ...(total && { tags: { [total.tag]: total.value } }) },
    ...{ fn: 'mean', window_s: WINDOW_S },
    ...(isRest
      ? { op: '<=', value: 100 - limit, clear_value: 100 - clear }
      : { op: '>=', value: limit, clear_value: clear }),
  };
  return { key, condition, severity, ...LASTS };
}

const plain = (key: string, severity: AlertSeverity, condition: Condition): Suggestion => ({
  ...{ key, condition, severity, for_s: 0, resolve_for_s: 60 },
});

const LOW_PERCENT = 20;
const batteryLow = (key: string, measurement: string): Suggestion => ({
  ...{ key, severity: 'warning', ...LASTS },
  condition: {
    ...{ kind: 'threshold', measurement, field: 'percent', fn: 'mean', window_s: WINDOW_S },
    ...{ op: '<=', value: LOW_PERCENT, clear_value: LOW_PERCENT + 5 },
  },
});

/** Sensible rules to begin with. Limits are those that the fleet page colours its figures by. */
export const SUGGESTIONS: Suggestion[] = [
  plain('offline', 'critical', { kind: 'offline', after_s: 300 }),
  atLimit('hot', 'temperature_c', 'critical'),
  atLimit('disk_nearly_full', 'disk_percent', 'critical'),
  plain('disk_full_soon', 'warning', { kind: 'disk_full_in', days: 3 }),
  atLimit('memory_high', 'memory_percent', 'critical'),
  atLimit('cpu_busy', 'cpu_percent', 'critical'),
  plain('reports_rejected', 'critical', { kind: 'status', status: 'error' }),
  plain('token_copied', 'critical', { kind: 'token_copied' }),
  plain('clock_off', 'warning', { kind: 'clock_skew', above_s: 120 }),
  // systemd writes this to the journal, which the agent sends; nothing else has to be collected.
  plain('unit_failed', 'warning', {
    ...{ kind: 'log', level: 'warning,err,error', program: 'systemd', q: 'Failed with result', count: 1 },
    window_s: 300,
  }),
  // The agent's own count of what found no place in its buffer. It grows when the robot is back, not in the outage.
  plain('agent_dropped_data', 'warning', {
    ...{ kind: 'threshold', measurement: 'robowatch_agent', field: 'dropped_points', fn: 'increase' },
    ...{ window_s: 600, op: '>', value: 0 },
  }),
  batteryLow('battery_low', 'power_supply'),
  // Of robots whose programs tell of them (docs/ros2.md). Levels: 1 warning, 2 error, 3 stale.
  batteryLow('robot_battery_low', 'ros_battery'),
  plain('component_error', 'warning', {
    ...{ kind: 'threshold', measurement: 'ros_diagnostics', field: 'level', fn: 'min' },
    ...{ window_s: 60, op: '>=', value: 2 },
  }),
  // The agent counts them each minute.
  plain('unit_in_failed_state', 'warning', {
    ...{ kind: 'threshold', measurement: 'systemd_units', field: 'failed', fn: 'last' },
    ...{ window_s: 180, op: '>', value: 0 },
  }),
  plain('under_voltage', 'warning', {
    ...{ kind: 'threshold', measurement: 'soc', field: 'under_voltage', fn: 'last' },
    ...{ window_s: 180, op: '==', value: true },
  }),
  plain('throttled', 'warning', {
    ...{ kind: 'threshold', measurement: 'soc', field: 'throttled', fn: 'last' },
    ...{ window_s: 180, op: '==', value: true },
  }),
];
