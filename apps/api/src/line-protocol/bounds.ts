/** What one line may have; beyond it that line alone is refused. Sizes in bytes, as sent. */
export const MAX_LINE_BYTES = 131_072;
export const MAX_FIELDS = 1_000;
export const MAX_TAGS = 64;
/** Of a measurement, a tag key, a field key. */
export const MAX_KEY_BYTES = 256;
export const MAX_NUMBER_BYTES = 64;
/** Of a string value without its quotes and escapes. */
export const MAX_STRING_BYTES = 65_536;
