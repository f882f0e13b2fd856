/** Every error code, with its status. Closed list: clients switch on it, OpenAPI lists it. */
export const ERROR_STATUS = {
  validation_failed: 400,
  nothing_usable: 400,
  link_invalid: 400,
  unauthorized: 401,
  invalid_credentials: 401,
  second_factor_required: 401,
  code_wrong: 401,
  challenge_invalid: 401,
  passkey_refused: 401,
  session_ended: 401,
  forbidden: 403,
  enrolment_required: 403,
  not_found: 404,
  code_in_use: 409,
  email_taken: 409,
  last_admin: 409,
  already_set_up: 409,
  already_enrolled: 409,
  robot_pending: 409,
  demo_running: 409,
  request_timeout: 408,
  payload_too_large: 413,
  unsupported_media_type: 415,
  lines_rejected: 422,
  rate_limited: 429,
  internal_error: 500,
  store_unavailable: 503,
  database_unavailable: 503,
  overloaded: 503,
} as const;

/** The reason, where the code alone does not tell a person what to do. Closed list: the web app has a text for each. */
export const ERROR_REASONS = [
  'password_short',
  'password_common',
  'range_reversed',
  'range_too_long',
  'owner_inactive',
  'too_many_codes',
  'recovery_code',
  'replaced_gone',
] as const;
export type ErrorReason = (typeof ERROR_REASONS)[number];

export type ErrorCode = keyof typeof ERROR_STATUS;

export interface ErrorExtras {
  /** Seconds until the caller should retry, sent as `Retry-After`. */
  retryAfter?: number;
  reason?: ErrorReason;
  /** The caller presented a token that this server did not issue. */
  isForged?: boolean;
  /** Members added to the problem document (RFC 9457 §3.2). */
  members?: Record<string, unknown>;
}

/** The only error that use cases throw on purpose. `detail` is shown to the caller, so it must not reveal internals. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly extras: ErrorExtras;

  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}) {
    super(detail);
    this.name = 'AppError';
    this.code = code;
    this.status = ERROR_STATUS[code];
    this.extras = extras;
  }
}

export const notFound = (what: string) => new AppError('not_found', `No such ${what}.`);

export const notReporting = () =>
  new AppError('unauthorized', 'This token is not valid, or the robot has been deactivated.');

export const databaseAway = () =>
  new AppError('database_unavailable', 'The database does not respond. Try again later.', { retryAfter: 10 });
