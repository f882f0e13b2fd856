import { useI18n } from 'vue-i18n';
import type { StateRow, StateValue } from './states';

const LONGEST = 200;
const BATTERY = {
  ...{ Charging: 'charging', Discharging: 'discharging', 'Not charging': 'notCharging', Full: 'full' },
  Unknown: 'unknown',
};
const HEALTH = {
  ...{ Good: 'good', Overheat: 'overheat', Dead: 'dead', Overvoltage: 'overvoltage', Failure: 'failure' },
  ...{ Cold: 'cold', 'Watchdog expired': 'watchdogExpired', 'Timer expired': 'timerExpired', Unknown: 'unknown' },
};
/** Texts that the agent's own scripts and examples send, as keys of messages, by measurement and field. */
const SAID: Record<string, Record<string, string>> = {
  'ros_diagnostics state': { ok: 'ok', warning: 'warning', error: 'error', stale: 'stale' },
  'ros_battery status': BATTERY,
  'ros_battery health': HEALTH,
  'power_supply status': BATTERY,
};

/** What is shown of a robot's booleans and strings, as text. */
export function useStateText() {
  const { t, te } = useI18n();

  function value(said: StateValue | undefined, row?: Pick<StateRow, 'measurement' | 'field'>): string {
    if (typeof said === 'boolean') return t(said ? 'metrics.states.yes' : 'metrics.states.no');
    if (said === undefined) return '–';
    const known = row && SAID[`${row.measurement} ${row.field}`];
    if (known && Object.hasOwn(known, said)) return t(`metrics.states.said.${known[said]}`);
    if (said.trim() === '') return t('metrics.states.empty');
    return said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
  }
  const measurement = (name: string): string => (te(`metrics.chart.${name}`, 'en') ? t(`metrics.chart.${name}`) : name);
  return { value, measurement };
}
