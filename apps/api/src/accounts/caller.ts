import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Actor } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { addressOf } from '../http/address.ts';
import { bearer } from '../http/bearer.ts';
import { verifyAccessToken } from './access-token.ts';
import { findSessionUser } from './session-store.ts';
import type { SigningKeys } from './signing-keys.ts';

export type Caller = NonNullable<Awaited<ReturnType<typeof findSessionUser>>>;

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

/** @throws AppError unauthorized */
export async function identify(db: Database, keys: SigningKeys, token: string | undefined): Promise<Caller> {
  if (!token) throw new AppError('unauthorized', 'Sign in first: this request needs an access token.');
  const { sessionId, userId } = await verifyAccessToken(keys, token);
  const caller = await findSessionUser(db, sessionId, userId);
  if (!caller) throw new AppError('session_ended', 'This session has ended. Sign in again.');
  return caller;
}

/**
 * Restricts a scope to signed-in users. The account is read on every request, so deactivating it takes effect at once.
 */
export function requireUser(scope: FastifyInstance, db: Database, keys: SigningKeys): void {
  scope.decorateRequest('caller');
  scope.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    request.caller = await identify(db, keys, bearer(request.headers.authorization));
  });
}

export function requireAdmin(scope: FastifyInstance): void {
  scope.addHook('onRequest', async (request) => {
    if (request.caller.role !== 'admin') throw new AppError('forbidden', 'Only an administrator may do this.');
  });
}

export const client = (request: FastifyRequest) => ({
  address: addressOf(request),
  userAgent: request.headers['user-agent'] ?? null,
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
