import { figures, limits } from '../api/figures.json';
import type { Condition } from '../api/types';
import type { Unit } from '../ui/format';

export type Threshold = Extract<Condition, { kind: 'threshold' }>;
export type Op = Threshold['op'];
export type FigureName = 'cpu_percent' | 'memory_percent' | 'disk_percent' | 'temperature_c' | 'load1';

interface FigureSource extends Pick<Threshold, 'measurement' | 'field' | 'tags' | 'fn' | 'window_s'> {
  unit: Unit;
  /** What is usual to ask for. */
  usual: number;
  /** The field is the remainder to 100. */
  isRest?: boolean;
}

/** One reading that jumps is none of anybody's business. */
const OVER = { fn: 'mean', window_s: 120 } as const;
const figure = (name: FigureName, usual: number): FigureSource => {
  const { measurement, field, unit, tags, isRest } = figures[name] as FigureSource;
  return { measurement, field, tags, unit, isRest, usual, ...OVER };
};
/** The fleet's figures as conditions ask for them, usually at the limits that the fleet page colours them by. */
export const FIGURES: Record<FigureName, FigureSource> = {
  cpu_percent: figure('cpu_percent', limits.cpu_percent.critical),
  memory_percent: figure('memory_percent', limits.memory_percent.critical),
  disk_percent: figure('disk_percent', limits.disk_percent.critical),
  temperature_c: figure('temperature_c', limits.temperature_c.critical),
  load1: figure('load1', 4),
};
const NAMES = Object.keys(FIGURES) as FigureName[];

const MIRRORED: Partial<Record<Op, Op>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };
/** Removes the floating-point error of a subtraction. */
const rest = (value: number) => Math.round((100 - value) * 1e6) / 1e6;

/** Which figure the condition is about, whatever the window; undefined for any other field. */
/** Whose result is a value of the field. */
const OF_VALUES: Threshold['fn'][] = ['last', 'mean', 'min', 'max'];

export const figureOf = ({
  measurement,
  field,
  tags = {},
  fn,
}: Pick<Threshold, 'measurement' | 'field' | 'tags' | 'fn'>) =>
  NAMES.find((name) => {
    const figure = FIGURES[name];
    const own = figure.tags ?? {};
    const isSame = Object.keys({ ...own, ...tags }).every((key) => own[key] === tags[key]);
    return figure.measurement === measurement && figure.field === field && isSame && OF_VALUES.includes(fn);
  });

/** The same comparison as people think of the figure: 5 % idle or less is 95 % busy or more. */
export function asFigure<
  C extends Pick<Threshold, 'measurement' | 'field' | 'tags' | 'fn' | 'op' | 'value' | 'clear_value'>,
>(condition: C): C {
  const name = figureOf(condition);
  if (!name || !FIGURES[name].isRest) return condition;
  const { op, value, clear_value } = condition;
  return {
    ...condition,
    op: MIRRORED[op] ?? op,
    ...(typeof value === 'number' ? { value: rest(value) } : {}),
    ...(typeof clear_value === 'number' ? { clear_value: rest(clear_value) } : {}),
  };
}

/** A value that the condition compared, as the figure. */
export function figureValue(condition: Condition, value: number): number {
  if (condition.kind !== 'threshold') return value;
  const name = figureOf(condition);
  return name && FIGURES[name].isRest ? rest(value) : value;
}

/** The condition for a figure; `value` and `clear_value` as people think of it. */
export function figureCondition(
  name: FigureName,
  { op, value, clear_value }: { op: Op; value: number; clear_value?: number },
): Threshold {
  const { unit: _unit, usual: _usual, isRest: _isRest, ...source } = FIGURES[name];
  return asFigure({ kind: 'threshold', ...source, op, value, ...(clear_value === undefined ? {} : { clear_value }) });
}
