import type { ProblemCode } from '../../api/problem';

/** By the API's code: what happened, and what to do about it. */
export const problems = {
  wait: 'Try again in {seconds} second. | Try again in {seconds} seconds.',
  waitMinutes: 'Try again in {minutes} minute. | Try again in {minutes} minutes.',
  serverSays: 'The server says:',
  notSaved: 'Not saved. Press {button} again once the server answers.',
  notDone: 'Nothing was done. Press {button} again once the server answers.',
  notDoneAtAll: 'Nothing was done. Do it again once the server answers.',
  unreachable: { title: 'The server does not answer', hint: 'Check the network, or wait: we try again by ourselves.' },
  validation_failed: { title: 'Something is not filled in right', hint: 'Check what you have typed in.' },
  nothing_usable: { title: 'Nothing usable was sent', hint: 'Nothing was stored.' },
  link_invalid: {
    title: 'This link no longer works',
    hint: 'It was used, has expired or was replaced. Ask for a new one.',
  },
  unauthorized: { title: 'You are not signed in', hint: 'Sign in and try again.' },
  invalid_credentials: { title: 'The e-mail or the password is wrong', hint: 'Check both and try again.' },
  session_ended: { title: 'Your session has ended', hint: 'Sign in again.' },
  forbidden: {
    title: 'This is for administrators',
    hint: 'Ask an administrator of this server to do it, or to make you one.',
  },
  not_found: { title: 'It is not there', hint: 'It was deleted, or belongs to somebody else.' },
  code_in_use: { title: 'This code is in use', hint: 'Start the pairing again on the robot.' },
  email_taken: {
    title: 'This e-mail already has an account',
    hint: 'Use another one, or invite the existing user again.',
  },
  last_admin: { title: 'This is the last active administrator', hint: 'Make somebody else an administrator first.' },
  already_set_up: { title: 'This server is set up already', hint: 'Sign in instead.' },
  demo_running: { title: 'The demonstration robots are running already', hint: 'Ask an administrator to see them.' },
  robot_pending: { title: 'This robot has not been confirmed yet', hint: 'Type in the code it shows first.' },
  request_timeout: { title: 'This took too long', hint: 'Try again.' },
  payload_too_large: { title: 'That is too much at once', hint: 'Send less at a time.' },
  unsupported_media_type: {
    title: 'The server does not understand this',
    hint: 'Reload the page: it may be older than the server.',
  },
  lines_rejected: { title: 'Some lines were refused', hint: 'The others were stored.' },
  rate_limited: { title: 'Too many attempts', hint: 'Wait a little and try again.' },
  internal_error: { title: 'Something went wrong on the server', hint: "The server's log has it under this number." },
  store_unavailable: {
    title: 'The metrics cannot be read just now',
    hint: 'The metrics store does not answer. We try again by ourselves.',
  },
  database_unavailable: { title: 'The database does not answer', hint: 'We try again by ourselves.' },
  overloaded: { title: 'The server is busy', hint: 'Try again shortly.' },
} satisfies Record<'wait' | 'waitMinutes' | 'serverSays' | 'notSaved' | 'notDone' | 'notDoneAtAll', string> &
  Record<ProblemCode, { title: string; hint: string }>;
