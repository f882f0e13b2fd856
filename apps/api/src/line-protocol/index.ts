export {
  type DecodedField,
  type DecodedPoint,
  decodeFields,
  decodeHead,
  decodeLine,
  decodePoint,
  encodeHead,
  escapeKey,
  escapeMeasurement,
  text,
  unescapeMeasurement,
} from './decode-line.ts';
export { IDENTITY_TAGS, identityTags, RESERVED_TAGS, type RobotIdentity, sameIdentity } from './identity.ts';
export { readingTimes } from './line-times.ts';
export type { Refusal, Refusals } from './refusal.ts';
export { type CatalogLimits, currentLine, type KnownField, type KnownSeries, RobotShape } from './robot-shape.ts';
export { type Precision, SCALE, unescapeKey } from './scan-line.ts';
export { type Correction, type Stamp, stamping, stampLines } from './stamp-lines.ts';
export type { RejectedLine, StampedLines } from './stamped-lines.ts';
