import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Actor } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { addressOf } from '../http/address.ts';
import { bearer } from '../http/bearer.ts';
import { verifyAccessToken } from './access-token.ts';
import { type ApiKeyUser, findApiKeyUser, noteApiKeyUse } from './api-key-store.ts';
import { isApiKey, looksLikeApiKey } from './api-keys.ts';
import { findSessionUser } from './session-store.ts';
import type { SigningKeys } from './signing-keys.ts';

type SessionUser = NonNullable<Awaited<ReturnType<typeof findSessionUser>>>;

/** A person in a browser, or a script with one of their keys. */
export type Caller = Omit<SessionUser, 'session_id' | 'must_enrol'> & { must_enrol?: boolean } & (
    | { session_id: string; apiKey?: undefined }
    | { session_id?: undefined; apiKey: ApiKeyUser['apiKey'] }
  );

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** Also for those who must set up a second factor first. */
    whileEnrolling?: true;
  }
}

/** @throws AppError unauthorized */
export async function identify(db: Database, keys: SigningKeys, token: string | undefined): Promise<Caller> {
  if (!token) throw new AppError('unauthorized', 'Sign in first: this request needs an access token.');
  if (looksLikeApiKey(token)) return identifyKey(db, token);
  const { sessionId, userId } = await verifyAccessToken(keys, token);
  const caller = await findSessionUser(db, sessionId, userId);
  if (!caller) throw new AppError('session_ended', 'This session has ended. Sign in again.');
  return caller;
}

async function identifyKey(db: Database, key: string): Promise<Caller> {
  const found = isApiKey(key) ? await findApiKeyUser(db, { key }) : undefined;
  if (!found) throw new AppError('unauthorized', 'This API key is not valid, or has expired.', { isForged: true });
  await noteApiKeyUse(db, found.apiKey);
  return found;
}

/** Whether the session or the key is still valid, and the person may still do what they could. */
export async function isStillGood(db: Database, caller: Caller): Promise<boolean> {
  const now = caller.apiKey
    ? await findApiKeyUser(db, { id: caller.apiKey.id })
    : await findSessionUser(db, caller.session_id, caller.id);
  const lacksFactor = now !== undefined && 'must_enrol' in now && now.must_enrol;
  return now?.role === caller.role && !lacksFactor;
}

const READING = ['GET', 'HEAD'];

/**
 * Restricts a scope to signed-in users and their API keys. The account is read on every request, so deactivating it takes effect at once.
 */
export function requireUser(scope: FastifyInstance, db: Database, keys: SigningKeys): void {
  scope.decorateRequest('caller');
  scope.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    request.caller = await identify(db, keys, bearer(request.headers.authorization));
    if (request.caller.apiKey?.scope === 'read' && !READING.includes(request.method))
      throw new AppError('forbidden', 'This API key may only read.');
    if (request.caller.must_enrol && !request.routeOptions.config.whileEnrolling)
      throw new AppError('enrolment_required', 'Set up a second factor first: this server requires one of you.');
  });
}

export function requireAdmin(scope: FastifyInstance): void {
  scope.addHook('onRequest', async (request) => {
    if (request.caller.role !== 'admin') throw new AppError('forbidden', 'Only an administrator may do this.');
    if (request.caller.apiKey?.scope === 'read')
      throw new AppError('forbidden', 'An API key needs the scope "write" for administration.');
  });
}

export const client = (request: FastifyRequest) => ({
  address: addressOf(request),
  userAgent: request.headers['user-agent'] ?? null,
  isPage: request.headers.origin !== undefined,
});

export const userActor = (request: FastifyRequest): Actor => ({
  kind: 'user',
  id: request.caller.id,
  name: request.caller.email,
  address: addressOf(request),
  requestId: request.id,
});

/** The caller if known; a refused request may have none. */
export const anyActor = (request: FastifyRequest): Actor => ({
  kind: 'user',
  id: request.caller?.id ?? null,
  name: request.caller?.email ?? null,
  address: addressOf(request),
  requestId: request.id,
});

export const robotActor = (request: FastifyRequest, id: number | null, name: string | null): Actor => ({
  kind: 'robot',
  id,
  name,
  address: addressOf(request),
  requestId: request.id,
});
