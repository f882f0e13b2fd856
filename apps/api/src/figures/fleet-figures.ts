import {
  FIGURE_NAMES,
  type FigureName,
  figureOf,
  rounded,
  type SeriesValue,
  TREND_NAMES,
  type TrendName,
} from './figures.ts';

/** A robot's newest figures, each null when unknown. */
export type Latest = Record<FigureName, number | null>;

/** A robot's recent past in equal windows, oldest first; null where nothing was reported. */
export type Trend = Record<TrendName, (number | null)[]>;

/** The newest value of a series; `time` in milliseconds since 1970. */
export interface NewestValue extends SeriesValue {
  robotId: number;
  time: number;
}

/** The mean of a series in one window, counted from 0. */
export interface WindowMean extends SeriesValue {
  robotId: number;
  window: number;
}

export const NOTHING_KNOWN = Object.fromEntries(FIGURE_NAMES.map((name) => [name, null])) as Latest;

/** Robots that sent nothing are absent. */
export function latestOf(newest: NewestValue[]): Map<number, Latest> {
  return new Map(
    [...Map.groupBy(newest, ({ robotId }) => robotId)].map(([id, values]) => [
      id,
      Object.fromEntries(FIGURE_NAMES.map((name) => [name, figureOf(name, values)])) as Latest,
    ]),
  );
}

/** Robots that sent nothing are absent. */
export function trendsOf(means: WindowMean[], windows: number): Map<number, Trend> {
  const trends = new Map<number, Trend>();
  for (const [id, own] of Map.groupBy(means, ({ robotId }) => robotId)) {
    const trend = emptyTrend(windows);
    for (const [window, values] of Map.groupBy(own, (mean) => mean.window))
      if (window >= 0 && window < windows)
        for (const name of TREND_NAMES) trend[name][window] = roundedOrNull(figureOf(name, values));
    trends.set(id, trend);
  }
  return trends;
}

const roundedOrNull = (value: number | null) => (value === null ? null : rounded(value));

export const emptyTrend = (windows: number) =>
  Object.fromEntries(TREND_NAMES.map((name) => [name, Array<null>(windows).fill(null)])) as Trend;
