import type Provider from 'oidc-provider';
import { appsCookie, endSession, refreshCookie } from '../accounts/index.ts';
import { audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { actorOf, sessionOf } from './browser.ts';

/** When somebody signs out from within an app, ends the session of the web app, too, and with it those of other apps. */
export function signOutHere(db: Database, config: Config): Parameters<Provider['use']>[0] {
  const cookies = [refreshCookie(config), appsCookie(config)];
  return async (ctx, next) => {
    await next();
    const own = sessionOf(ctx.req);
    if (ctx.oidc?.route !== 'end_session_confirm' || ctx.status !== 303 || !ctx.oidc.params?.logout || !own) return;
    await db.transaction().execute(async (tx) => {
      if (!(await endSession(tx, own.userId, own.id))) return;
      const actor = { ...actorOf(ctx.req), id: own.userId, name: own.email };
      await audit(tx, actor, { action: 'auth.logout', details: { app: ctx.oidc.client?.clientId } });
      await publish(tx, { type: 'access_changed', user_id: own.userId });
    });
    for (const { name, options } of cookies)
      ctx.cookies.set(name, null, { path: options.path, signed: false, secure: ctx.secure });
  };
}
