/** What the audit log tells of. One that is not here shows under its own code. */
export const ACTIONS = [
  'auth.login',
  'auth.login_failed',
  'auth.logout',
  'auth.refresh_token_replayed',
  'auth.session_ended',
  'pairing.requested',
  'pairing.confirmed',
  'robot.changed',
  'robot.deleted',
  'robot.token_rotated',
  'user.created',
  'user.invited',
  'user.invitation_accepted',
  'user.changed',
  'user.password_changed',
  'user.deleted',
] as const;
