import { Type } from 'typebox';

/**
 * Text that everything further on can hold: PostgreSQL has no NUL, and terminals and logs stumble over control characters.
 * What a pattern asks for is told in words.
 */
const CONTROL = '\\u0000-\\u001f\\u007f';
const PLAIN = `^[^${CONTROL}]*$`;
const LINES = '^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f]*$';
const NAME = `^[^${CONTROL}]*[^\\s${CONTROL}][^${CONTROL}]*$`;
const EMAIL = `^\\s*[^\\s@${CONTROL}]+@[^\\s@${CONTROL}]+\\s*$`;

export const PATTERNS_IN_WORDS = new Map([
  [PLAIN, 'must not have control characters'],
  [LINES, 'must not have control characters other than line breaks and tabs'],
  [NAME, 'must have something to read and no control characters'],
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
