export { areUtcDays, calendarDays } from './calendar-days.ts';
export type { DueHours } from './due-hours.ts';
export { readRolledSeries } from './read-rolled-series.ts';
export { deleteRollupsOf } from './rollup-store.ts';
export { type RobotDay, type RobotHour, readDisks, readHoursOf, readRobotDays } from './summary-store.ts';
