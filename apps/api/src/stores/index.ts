export type { Aggregate, Measurement, MetricsStore, Series, SeriesQuery } from './metrics-store.ts';
export type { Reads } from './reads.ts';
