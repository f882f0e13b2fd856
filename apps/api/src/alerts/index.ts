export { deleteOldAbsences, noteAbsence } from './absence-store.ts';
export { deleteOldAlerts } from './alert-store.ts';
export { EVERY_MS, type EvaluationResult, evaluate } from './evaluate.ts';
export { unhurried } from './unhurried.ts';
export { unservedReports } from './unserved-reports.ts';
