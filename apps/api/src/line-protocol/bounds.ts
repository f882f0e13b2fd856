/** Limits for one line; only the line that exceeds them is refused. Sizes in bytes, as sent. */
export const MAX_LINE_BYTES = 131_072;
export const MAX_FIELDS = 1_000;
export const MAX_TAGS = 64;
/** For measurements, tag keys and field keys. */
export const MAX_KEY_BYTES = 256;
export const MAX_NUMBER_BYTES = 64;
/** For string values, without quotes and escapes. */
export const MAX_STRING_BYTES = 65_536;
