import { randomInt } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

const PERIOD = 30;
/** Steps by which the clocks may differ. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
/** Without signs that look alike. 16 of them are 79 bits. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** SHA-1, six digits and 30 seconds: what every authenticator app understands. */
const totpOf = (secret: string, label = '') =>
  new TOTP({
    issuer: 'Robowatch',
    label,
    algorithm: 'SHA1',
    digits: 6,
    period: PERIOD,
    secret: Secret.fromBase32(secret),
  });

/** 160 bits, as RFC 4226 recommends, in base32. */
export const newTotpSecret = () => new Secret({ size: 20 }).base32;

/** The `otpauth:` address that authenticator apps read from a QR code. */
export const totpUri = (secret: string, email: string) => totpOf(secret, email).toString();

/** The time step (RFC 6238) that a code belongs to, if it is one of now or of a step beside it. @param now ms */
export function stepOf(secret: string, code: string, now: number): number | undefined {
  const token = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const delta = totpOf(secret).validate({ token, timestamp: now, window: WINDOW });
  return delta === null ? undefined : Math.floor(now / 1000 / PERIOD) + delta;
}

const newRecoveryCode = () => Array.from({ length: 16 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** Written in groups of four. */
export const newRecoveryCodes = () =>
  Array.from({ length: RECOVERY_CODES }, () => (newRecoveryCode().match(/.{4}/g) ?? []).join('-'));

export const normaliseRecoveryCode = (code: string) => code.toLowerCase().replaceAll(/[\s-]/g, '');
