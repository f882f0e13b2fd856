import { computed } from 'vue';
import type { Alert, Rule } from '../api/types';
import type { ChartMarks, MarkedSpan } from '../metrics/chart-marks';
import type { Chart } from '../metrics/charts';
import { figureOf } from './figure-conditions';
import { useAlerts, useRules } from './use-alerts';

/** Which chart shows what an alert is about; undefined: all of them, as when the robot was offline. */
function chartOf({ condition }: Rule): ((chart: Chart) => boolean) | undefined {
  if (condition.kind === 'disk_full_in') return ({ id }) => id === 'disk';
  if (condition.kind === 'no_data') return ({ title }) => title === condition.measurement;
  if (condition.kind !== 'threshold') return undefined;
  const { measurement, field } = condition;
  const name = figureOf(condition);
  if (name === 'load1') return ({ id }) => id === 'load';
  if (measurement === 'cpu') return ({ id }) => id === 'cpu' || id === 'cores';
  return ({ title, part }) => title === measurement && (!part || part.split(', ').includes(field));
}

const spanOf = ({ since, resolved_at, severity, rule_name }: Alert): MarkedSpan => ({
  from: Date.parse(since),
  to: resolved_at ? Date.parse(resolved_at) : Number.POSITIVE_INFINITY,
  severity,
  name: rule_name,
});

/** When alerts of the robot were firing, for each of its charts. @param shift how far the robot's clock is ahead, in ms */
export function useChartMarks(robotId: () => number, shift: () => number) {
  const { alerts } = useAlerts(() => ({ robot_id: robotId() }));
  const { data: rules } = useRules();
  const known = computed(() =>
    alerts.value
      .filter(({ state }) => state !== 'pending')
      // What a rule that is gone was about is not known any more.
      .flatMap((alert) => {
        const rule = rules.value?.find(({ id }) => id === alert.rule_id);
        return rule ? [{ isOf: chartOf(rule), span: spanOf(alert) }] : [];
      }),
  );
  return computed(() => (chart: Chart): ChartMarks | undefined => {
    const spans = known.value
      .filter(({ isOf }) => !isOf || isOf(chart))
      .map(({ span }) => ({ ...span, from: span.from + shift(), to: span.to + shift() }));
    return spans.length > 0 ? { spans, limits: [] } : undefined;
  });
}
