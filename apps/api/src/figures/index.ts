export {
  FIGURE_NAMES,
  FIGURES,
  type Figure,
  type FigureName,
  type Selector,
  selectorsOf,
  TREND_NAMES,
} from './figures.ts';
export {
  emptyTrend,
  type Latest,
  latestOf,
  type NewestValue,
  NOTHING_KNOWN,
  trendsOf,
  type WindowMean,
} from './fleet-figures.ts';
export { COUNTERS, type FieldType, TOTALS, typeOf, type Unit, unitOf } from './measured.ts';
