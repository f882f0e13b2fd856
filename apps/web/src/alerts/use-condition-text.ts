import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import type { Condition } from '../api/types';
import { groupOf } from '../metrics/log-levels';
import { storedUnitOf } from '../metrics/measurement-units';
import type { Unit } from '../ui/format';
import { useFormat } from '../ui/use-format';
import { asFigure, FIGURES, figureOf, figureValue, type Op, type Threshold } from './figure-conditions';

const SIGNS: Record<Op, string> = { '>': '>', '>=': '≥', '<': '<', '<=': '≤', '==': '=', '!=': '≠', changed: '' };
/** Functions whose result has another unit than the field. */
const UNITLESS: Threshold['fn'][] = ['count'];

export function unitOfCondition(condition: Condition): Unit {
  if (condition.kind === 'clock_skew') return 'seconds';
  if (condition.kind !== 'threshold' || UNITLESS.includes(condition.fn)) return 'none';
  const name = figureOf(condition);
  return name ? FIGURES[name].unit : storedUnitOf(condition.measurement, condition.field);
}

/** Writes conditions, and the values they compared, as people say them. */
export function useConditionText() {
  const { t } = useI18n();
  const format = useFormat();
  return computed(() => {
    const write = (value: number | string | boolean | null | undefined, unit: Unit): string => {
      if (typeof value === 'number') return format.value.inUnit(value, unit);
      if (typeof value === 'boolean') return t(value ? 'metrics.states.yes' : 'metrics.states.no');
      return value === null || value === undefined ? '–' : t('alerts.quoted', { text: value });
    };

    function threshold(condition: Threshold): string {
      const { field, measurement, tags = {}, fn, op, value, window_s } = asFigure(condition);
      const name = figureOf(condition);
      const of = Object.values(tags).join(', ');
      const what = name ? t(`alerts.what.${name}`) : [measurement, field, of && `(${of})`].filter(Boolean).join(' ');
      const whole =
        name || fn === 'last'
          ? what
          : t('alerts.condition.over', { fn: t(`alerts.fn.${fn}`), what, window: format.value.duration(window_s) });
      if (op === 'changed') return t('alerts.condition.changed', { what: whole });
      return `${whole} ${SIGNS[op]} ${write(value, unitOfCondition(condition))}`;
    }

    /** By the names of their groups, as the log page has them; a level of none as it is. */
    function levelName(levels: string): string {
      const names = levels.split(',').map((level) => {
        const group = groupOf(level);
        return group ? t(`metrics.logs.level.${group}`) : level;
      });
      return [...new Set(names)].join(', ');
    }

    function log({ level, program, q, count, window_s }: Extract<Condition, { kind: 'log' }>): string {
      const parts = [
        level && t('alerts.condition.level', { level: levelName(level) }),
        program && t('alerts.condition.program', { program }),
        q && t('alerts.condition.containing', { text: q }),
      ].filter(Boolean);
      const which = parts.length > 0 ? ` (${parts.join(', ')})` : '';
      return t('alerts.condition.log', { n: count, which, window: format.value.duration(window_s) }, count);
    }

    function text(condition: Condition): string {
      switch (condition.kind) {
        case 'offline':
          return t('alerts.condition.offline', { duration: format.value.duration(condition.after_s) });
        case 'no_data':
          return t('alerts.condition.no_data', {
            measurement: condition.measurement,
            duration: format.value.duration(condition.after_s),
          });
        case 'disk_full_in':
          return t('alerts.condition.disk_full_in', { n: condition.days }, condition.days);
        case 'clock_skew':
          return t('alerts.condition.clock_skew', { duration: format.value.duration(condition.above_s) });
        case 'status':
        case 'token_copied':
          return t(`alerts.condition.${condition.kind}`);
        case 'log':
          return log(condition);
        case 'threshold':
          return threshold(condition);
      }
    }

    /** The value an alert compared; empty when there is none, as with a robot that is offline. */
    function valueText(condition: Condition, value: number | string | boolean | null): string {
      if (value === null) return '';
      if (condition.kind === 'disk_full_in' && typeof value === 'number')
        return t('alerts.condition.days', { n: format.value.number(value, 1) }, Math.round(value));
      if (condition.kind === 'log' && typeof value === 'number')
        return t('alerts.condition.entries', { n: format.value.number(value) }, value);
      if (condition.kind === 'clock_skew' && typeof value === 'number')
        return t(value > 0 ? 'robots.facts.skewAhead' : 'robots.facts.skewBehind', {
          duration: format.value.duration(Math.abs(value)),
        });
      if (condition.kind !== 'threshold') return '';
      return write(typeof value === 'number' ? figureValue(condition, value) : value, unitOfCondition(condition));
    }

    return { text, valueText };
  });
}
