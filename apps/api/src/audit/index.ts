export type { AuditSampler } from './audit-sampler.ts';
export { type Actor, audit, SYSTEM } from './audit-store.ts';
