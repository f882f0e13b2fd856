import type { AuditEntry } from '../api/types';

export type AuditAction = AuditEntry['action'];

/** Every action in the API's description, in the order of the filter. */
const ALL: Record<AuditAction, true> = {
  'access.refused': true,
  'auth.login': true,
  'auth.login_failed': true,
  'auth.logout': true,
  'auth.link_refused': true,
  'auth.refresh_token_replayed': true,
  'auth.session_ended': true,
  'auth.signing_key_rotated': true,
  'auth.token_refused': true,
  'secret.rotated': true,
  'pairing.requested': true,
  'pairing.confirmed': true,
  'pairing.wrong_code': true,
  'robot.changed': true,
  'robot.deleted': true,
  'robot.token_refused': true,
  'robot.token_rotated': true,
  'user.created': true,
  'user.invited': true,
  'user.invitation_accepted': true,
  'user.changed': true,
  'user.last_admin_kept': true,
  'user.password_changed': true,
  'user.password_refused': true,
  'user.deleted': true,
};
export const ACTIONS = Object.keys(ALL) as AuditAction[];
