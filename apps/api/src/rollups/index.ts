export { areUtcDays, calendarDays } from './calendar-days.ts';
export type { DueHours } from './due-hours.ts';
export { readRolledSeries } from './read-rolled-series.ts';
export { HOUR_MS } from './rollup.ts';
export { deleteRollupsOf } from './rollup-store.ts';
export { type RobotDay, readDisks, readRobotDays, readWorstHours, type WorstHour } from './summary-store.ts';
