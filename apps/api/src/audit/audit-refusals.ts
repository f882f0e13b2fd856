import type { Database } from '../db/schema.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { AuditAction } from './actions.ts';
import type { AuditSampler } from './audit-sampler.ts';
import { type Actor, audit } from './audit-store.ts';

const NOTED: Partial<Record<ErrorCode, AuditAction>> = {
  forbidden: 'access.refused',
  link_invalid: 'auth.link_refused',
  rate_limited: 'access.limited',
};

/** Audits refusals that are worth recording. The refused change itself has already been rolled back. */
export async function auditRefusal(
  { db, auditSampler }: { db: Database; auditSampler: AuditSampler },
  actor: Actor,
  error: unknown,
  call: string,
): Promise<void> {
  if (!(error instanceof AppError)) return;
  if (error.code === 'last_admin') return audit(db, actor, { action: 'user.last_admin_kept', details: { call } });
  const action = error.extras.isForged ? 'auth.token_refused' : NOTED[error.code];
  if (action) await auditSampler.audit(db, actor, { action, details: { call } });
}
