import { Type } from 'typebox';

/**
 * Patterns for text that is safe downstream: PostgreSQL cannot store NUL, and control characters upset terminals and
 * logs. Error messages describe them in words.
 */
const CONTROL = '\\u0000-\\u001f\\u007f';
/** Plus characters that can make a name look like another: bidi overrides, line separators, lone surrogates. */
const DECEIVING = '\\p{Cc}\\p{Cs}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const INVISIBLE = '\\p{Cf}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800';
const VISIBLE = `[^\\s\\p{Cc}${INVISIBLE}]`;
const PLAIN = `^[^${CONTROL}]*$`;
const LINES = '^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f]*$';
const NAME = `^(?=.*${VISIBLE})[^${DECEIVING}]*$`;
const EMAIL = `^\\s*[^\\s@${DECEIVING}${INVISIBLE}]+@[^\\s@${DECEIVING}${INVISIBLE}]+\\s*$`;

export const PATTERNS_IN_WORDS = new Map([
  [PLAIN, 'must not contain control characters'],
  [LINES, 'must not contain control characters other than line breaks and tabs'],
  [NAME, 'must contain a visible character, and no control or text-direction characters'],
  [EMAIL, 'must be an e-mail address'],
]);

interface Options {
  minLength?: number;
  maxLength: number;
  description?: string;
}

export const Text = (options: Options) => Type.String({ ...options, pattern: PLAIN });
/** May have several lines. */
export const Lines = (options: Options) => Type.String({ ...options, pattern: LINES });
/** Names end up in logs, tags and terminals. */
export const Name = Type.String({ minLength: 1, maxLength: 255, pattern: NAME });
export const Email = Type.String({ maxLength: 255, pattern: EMAIL });
