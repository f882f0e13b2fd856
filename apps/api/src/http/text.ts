import { Type } from 'typebox';

/**
 * Text that everything further on can hold: PostgreSQL has no NUL, and terminals and logs stumble over control characters.
 * What a pattern asks for is told in words.
 */
const CONTROL = '\\u0000-\\u001f\\u007f';
/** And what makes a name look like another one: overrides of the direction, line separators, halves of characters. */
const DECEIVING = '\\p{Cc}\\p{Cs}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const VISIBLE = '[^\\s\\p{Cc}\\p{Cf}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800]';
const PLAIN = `^[^${CONTROL}]*$`;
const LINES = '^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f]*$';
const NAME = `^(?=.*${VISIBLE})[^${DECEIVING}]*$`;
const EMAIL = `^\\s*[^\\s@${DECEIVING}]+@[^\\s@${DECEIVING}]+\\s*$`;

export const PATTERNS_IN_WORDS = new Map([
  [PLAIN, 'must not have control characters'],
  [LINES, 'must not have control characters other than line breaks and tabs'],
  [NAME, 'must have something to see, and no characters that control or turn round what is shown'],
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
