import { useI18n } from 'vue-i18n';
import type { StateValue } from './states';

const LONGEST = 200;

/** A boolean or string of a robot as text. */
export function useStateText() {
  const { t } = useI18n();
  return (value: StateValue | undefined): string => {
    if (typeof value === 'boolean') return t(value ? 'metrics.states.yes' : 'metrics.states.no');
    if (value === undefined) return '–';
    if (value.trim() === '') return t('metrics.states.empty');
    return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
  };
}
