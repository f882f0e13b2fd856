export type { AuditSampler } from './audit-sampler.ts';
export { type Actor, audit, failedSignIns, SYSTEM } from './audit-store.ts';
