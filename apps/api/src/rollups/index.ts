export type { DueHours } from './due-hours.ts';
export { readRolledSeries } from './read-rolled-series.ts';
export { deleteRollupsOf } from './rollup-store.ts';
export { type DaySummary, readDays, readDisks, readWorstHour } from './summary-store.ts';
