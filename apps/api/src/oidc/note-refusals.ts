import type { EventEmitter } from 'node:events';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Logger } from 'pino';
import type { AuditSampler } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { actorOf, sessionOf } from './browser.ts';

interface Deps {
  db: Database;
  log: Logger;
  auditSampler: AuditSampler;
}

/** What happens all the time without anybody's fault: tokens end with their sessions. */
const USUAL = new Set(['login_required', 'interaction_required', 'invalid_token']);

/** Audits what the provider refuses, and logs what it failed at. */
export function noteRefusals({ db, log, auditSampler }: Deps): (provider: Provider) => void {
  const note = (ctx: KoaContextWithOIDC, error: Error & { error?: string; error_detail?: string }) => {
    const reason = error.error_detail ?? error.message;
    if (USUAL.has(error.error ?? '') || (error.error === 'invalid_grant' && /not found|expired/.test(reason))) return;
    const own = sessionOf(ctx.req);
    const actor = { ...actorOf(ctx.req), ...(own && { id: own.userId, name: own.email }) };
    const app = ctx.oidc.client?.clientId ?? text(ctx.oidc.params?.client_id);
    const details = { app, reason: text(reason) };
    auditSampler
      .audit(db, actor, { action: 'auth.app_refused', details })
      .catch((err) => log.error({ err }, 'could not audit a refusal'));
  };
  return (provider) => {
    provider.on('authorization.error', note);
    provider.on('grant.error', note);
    provider.on('end_session.error', note);
    provider.on('server_error', (ctx, err) => log.error({ err, path: ctx.path }, 'the OpenID provider failed'));
    // Koa's own, for what ends before the library's error handling; it would print it.
    (provider as EventEmitter).on('error', (err) => log.warn({ err }, 'a request to the OpenID provider failed'));
  };
}

const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 200) : undefined);
