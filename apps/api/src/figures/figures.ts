import { TOTALS, type Unit } from './measured.ts';

/** A key figure of the fleet, and how to derive it from a robot's measurements. */
export interface Figure {
  measurement: string;
  field: string;
  unit: Unit;
  /** Which series counts if there are several. */
  of: 'total' | 'root disk or fullest' | 'highest';
  /** The field is the remainder to 100. */
  isRest?: true;
  /** Thresholds, inclusive. */
  limits?: { warning: number; critical: number };
  /** Whether the fleet list shows its recent past. */
  trend?: true;
}

export const FIGURES = {
  cpu_percent: {
    ...{ measurement: 'cpu', field: 'usage_idle', unit: 'percent', of: 'total', isRest: true },
    ...{ limits: { warning: 85, critical: 97 }, trend: true },
  },
  memory_percent: {
    ...{ measurement: 'mem', field: 'used_percent', unit: 'percent', of: 'highest' },
    ...{ limits: { warning: 85, critical: 95 }, trend: true },
  },
  disk_percent: {
    ...{ measurement: 'disk', field: 'used_percent', unit: 'percent', of: 'root disk or fullest' },
    ...{ limits: { warning: 85, critical: 90 }, trend: true },
  },
  temperature_c: {
    ...{ measurement: 'temp', field: 'temp', unit: 'celsius', of: 'highest' },
    ...{ limits: { warning: 70, critical: 80 }, trend: true },
  },
  load1: { measurement: 'system', field: 'load1', unit: 'none', of: 'highest' },
  uptime_s: { measurement: 'system', field: 'uptime', unit: 'seconds', of: 'highest' },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;
export type TrendName = { [N in FigureName]: (typeof FIGURES)[N] extends { trend: true } ? N : never }[FigureName];

export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];
export const TREND_NAMES = FIGURE_NAMES.filter((name): name is TrendName => 'trend' in FIGURES[name]);

/** Selects a robot's series with a numeric field; with `total`, only those for the whole. */
export interface Selector {
  measurement: string;
  field: string;
  total?: { tag: string; value: string };
}

export const selectorsOf = (names: readonly FigureName[]): Selector[] =>
  names.map((name) => {
    const { measurement, field, of } = FIGURES[name];
    return of === 'total' ? { measurement, field, total: TOTALS[measurement] } : { measurement, field };
  });

/** One value of one series. */
export interface SeriesValue {
  measurement: string;
  field: string;
  tags: Record<string, string>;
  value: number;
}

/** Derives the figure from one robot's values of one time; null when none of them belong to it. */
export function figureOf(name: FigureName, values: SeriesValue[]): number | null {
  const { measurement, field, of, ...figure }: Figure = FIGURES[name];
  const own = values.filter((one) => one.measurement === measurement && one.field === field);
  const root = of === 'root disk or fullest' ? own.filter(({ tags }) => tags.path === '/') : [];
  const counted = root.length > 0 ? root : own;
  if (counted.length === 0) return null;
  return Math.max(...counted.map(({ value }) => (figure.isRest ? rounded(100 - value) : value)));
}

/** Rounds to two decimals; leaves numbers too large to have decimals. */
export const rounded = (value: number) => (Math.abs(value) < 1e13 ? Math.round(value * 100) / 100 : value);
