import type { ProblemCode } from '../../api/problem';

/** By the API's code: what happened, and what to do about it. */
export const problems = {
  wait: 'Try again in {seconds} second. | Try again in {seconds} seconds.',
  waitMinutes: 'Try again in {minutes} minute. | Try again in {minutes} minutes.',
  serverSays: 'The server says:',
  notSaved: 'Not saved. Press {button} again once the server responds.',
  notDone: 'Nothing was done. Press {button} again once the server responds.',
  notDoneAtAll: 'Nothing was done. Try again once the server responds.',
  unreachable: { title: 'The server does not respond', hint: 'Check the network, or wait: this page keeps trying.' },
  validation_failed: { title: 'Some of what you entered is not valid', hint: 'Check it and try again.' },
  nothing_usable: { title: 'The request had no usable data in it', hint: 'Nothing was stored.' },
  link_invalid: {
    title: 'This link no longer works',
    hint: 'It was used, has expired or was replaced. Ask for a new one.',
  },
  unauthorized: { title: 'You are not signed in', hint: 'Sign in and try again.' },
  invalid_credentials: { title: 'The e-mail or the password is wrong', hint: 'Check both and try again.' },
  second_factor_required: { title: 'A second step is needed', hint: 'Enter a code of your authenticator app.' },
  code_wrong: {
    title: 'This code is wrong, or was used already',
    hint: 'Each code works once: wait for the next one. If none is accepted, check the phone’s clock: turn on its automatic date and time.',
  },
  challenge_invalid: { title: 'This sign-in has expired', hint: 'Begin again with the password.' },
  passkey_refused: {
    title: 'This passkey was not accepted',
    hint: 'It is not known here, or it took too long. Try again, or sign in with the password.',
  },
  enrolment_required: {
    title: 'A second factor is required',
    hint: 'Set it up first: then everything else works.',
  },
  already_enrolled: { title: 'There is an authenticator app already', hint: 'Remove it first.' },
  session_ended: { title: 'Your session has ended', hint: 'Sign in again.' },
  forbidden: {
    title: 'Only administrators can do this',
    hint: 'Ask an administrator to do it for you, or to make you one.',
  },
  not_found: { title: 'Not found', hint: 'It was deleted, or it belongs to someone else.' },
  code_in_use: { title: 'This code is in use', hint: 'Start pairing again on the robot.' },
  email_taken: {
    title: 'This e-mail already has an account',
    hint: 'Use another address, or invite the existing user again.',
  },
  last_admin: { title: 'This is the last active administrator', hint: 'Make someone else an administrator first.' },
  already_set_up: { title: 'This server is already set up', hint: 'Sign in instead.' },
  demo_running: {
    title: 'The demonstration robots are already running',
    hint: 'Ask an administrator to show them to you.',
  },
  robot_pending: { title: 'This robot has not been confirmed yet', hint: 'First type in the code it shows.' },
  request_timeout: { title: 'This took too long', hint: 'Try again.' },
  payload_too_large: { title: 'That is too much at once', hint: 'Send less at a time.' },
  unsupported_media_type: {
    title: 'The server does not understand this request',
    hint: 'Reload the page: it may be older than the server.',
  },
  lines_rejected: { title: 'Some lines were refused', hint: 'The others were stored.' },
  rate_limited: { title: 'Too many attempts', hint: 'Wait a moment and try again.' },
  internal_error: {
    title: 'Something went wrong on the server',
    hint: "The server's log has the details under this number.",
  },
  store_unavailable: {
    title: 'Metrics cannot be read right now',
    hint: 'The metrics store does not respond. This page keeps trying.',
  },
  database_unavailable: { title: 'The database does not respond', hint: 'This page keeps trying.' },
  overloaded: { title: 'The server is busy', hint: 'Try again in a moment.' },
} satisfies Record<'wait' | 'waitMinutes' | 'serverSays' | 'notSaved' | 'notDone' | 'notDoneAtAll', string> &
  Record<ProblemCode, { title: string; hint: string }>;
