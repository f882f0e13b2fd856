import { errors, jwtVerify, SignJWT } from 'jose';
import { AppError } from '../errors.ts';
import type { SigningKeys } from './signing-keys.ts';

const AUDIENCE = 'robowatch-api';
const ISSUER = 'robowatch';

/** A JWT (EdDSA) for one session. It carries no permissions: they are read from the database on every request. */
export async function issueAccessToken(
  keys: SigningKeys,
  session: { id: string; userId: number },
  ttlSeconds: number,
): Promise<string> {
  const key = await keys.current();
  return new SignJWT({ sid: session.id })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.id })
    .setSubject(String(session.userId))
    .setAudience(AUDIENCE)
    .setIssuer(ISSUER)
    .setIssuedAt()
    .setExpirationTime(`${ttlSeconds}s`)
    .sign(key.privateKey);
}

/** @returns the session the token is for. @throws AppError unauthorized */
export async function verifyAccessToken(
  keys: SigningKeys,
  token: string,
): Promise<{ sessionId: string; userId: number }> {
  const resolveKey = async ({ kid = '' }: { kid?: string }) => {
    const key = await keys.verifier(kid);
    if (!key) throw new AppError('unauthorized', 'The access token is not valid. Sign in again.', { isForged: true });
    return key;
  };
  const { payload } = await jwtVerify(token, resolveKey, {
    audience: AUDIENCE,
    issuer: ISSUER,
    algorithms: ['EdDSA'],
  }).catch((error) => {
    if (!(error instanceof errors.JOSEError)) throw error;
    const detail = 'The access token is not valid or has expired. Refresh it or sign in again.';
    throw new AppError('unauthorized', detail, { isForged: !(error instanceof errors.JWTExpired) });
  });
  return { sessionId: String(payload.sid), userId: Number(payload.sub) };
}
