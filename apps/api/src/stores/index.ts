export {
  type Aggregate,
  type HoursQuery,
  type HourValues,
  type LogCount,
  MAX_VALUES,
  type Measurement,
  type MetricsStore,
  type Series,
  type SeriesQuery,
  tooManyValues,
} from './metrics-store.ts';
export type { Reads } from './reads.ts';
