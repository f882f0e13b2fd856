export {
  type Aggregate,
  type HoursQuery,
  type HourValues,
  type LogCount,
  type LogFilter,
  type LogMatches,
  MAX_VALUES,
  type Measurement,
  type MetricsStore,
  type RobotLines,
  type Series,
  type SeriesQuery,
  tooManyValues,
  type WindowAnswer,
  type WindowFunction,
  type WindowQuestion,
} from './metrics-store.ts';
export type { Reads } from './reads.ts';
