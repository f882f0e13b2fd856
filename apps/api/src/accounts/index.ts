export { appsCookie } from './apps-cookie.ts';
export { isStillGood, robotActor, userActor } from './caller.ts';
export { lacksFactor } from './factor-policy-store.ts';
export { cookieName, refreshCookie } from './refresh-cookie.ts';
export { relyingParty } from './relying-party.ts';
export { endSession, findBrowserSession, findSessionUser, touchSession } from './session-store.ts';
export { findFirstAdmin, findUser, holdActiveUser, lockUser } from './user-store.ts';
