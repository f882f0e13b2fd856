import { AppError } from '../errors.ts';

/**
 * @param member what it is called in the request
 * @returns the zone's own name: each can be spelled in thousands of ways
 * @throws AppError validation_failed unless it is an IANA time zone
 */
export function readTimeZone(member: string, text: string): string {
  try {
    // Offsets such as +03:00 are taken by Intl, but name no zone.
    if (/^[A-Za-z]/.test(text)) return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {}
  throw new AppError(
    'validation_failed',
    `${member} must be an IANA time zone such as Europe/Moscow, not "${text.slice(0, 60)}".`,
  );
}
