export { robotActor, userActor } from './caller.ts';
export { findSessionUser } from './session-store.ts';
export { findFirstAdmin, holdActiveUser } from './user-store.ts';
