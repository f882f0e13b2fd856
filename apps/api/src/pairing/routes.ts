import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError, notFound } from '../errors.ts';
import { addressOf, networkOf } from '../http/address.ts';
import type { Attempts } from '../http/attempts.ts';
import { bearer } from '../http/bearer.ts';
import { robotActor, userActor } from '../http/caller.ts';
import { type App, replies, security } from '../http/schemas.ts';
import { confirmPairing } from './confirm-pairing.ts';
import { findPending } from './pair-code-store.ts';
import { pollPairing } from './poll-pairing.ts';
import { requestPairing } from './request-pairing.ts';
import * as schemas from './schemas.ts';

const tags = ['pairing'];

export interface PairingDeps {
  db: Database;
  config: Config;
  sealKey: Buffer;
  pairingAttempts: { user: Attempts; address: Attempts; requests: Attempts };
}

/** For robots that have no token yet. */
export function robotPairingRoutes(app: App, { db, config, sealKey, pairingAttempts }: PairingDeps): void {
  app.post(
    '/pair',
    {
      schema: {
        tags,
        body: schemas.PairRequest,
        response: replies({ 201: schemas.PairRequested }, 'code_in_use', 'rate_limited', 'overloaded'),
      },
    },
    async (request, reply) => {
      await pairingAttempts.requests.spend(networkOf(addressOf(request)));
      reply.code(201).header('cache-control', 'no-store');
      return requestPairing(db, config, robotActor(request, null, request.body.hostname), request.body);
    },
  );

  app.get(
    '/pair/:code/status',
    {
      schema: {
        tags,
        params: schemas.CodeParams,
        response: replies({ 200: schemas.PairStatus }, 'unauthorized', 'not_found', 'rate_limited'),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return guessing([[pairingAttempts.address, networkOf(addressOf(request))]], () =>
        pollPairing(db, config, sealKey, request.params.code, bearer(request.headers.authorization)),
      );
    },
  );
}

/** For owners. */
export function ownerPairingRoutes(app: App, { db, sealKey, pairingAttempts }: PairingDeps): void {
  const limits = (request: FastifyRequest): [Attempts, string | number][] => [
    [pairingAttempts.user, request.caller.id],
    [pairingAttempts.address, networkOf(addressOf(request))],
  ];

  app.get(
    '/pair/:code',
    {
      schema: {
        tags,
        security,
        params: schemas.CodeParams,
        response: replies({ 200: schemas.PairPreview }, 'unauthorized', 'not_found', 'rate_limited'),
      },
    },
    async (request) =>
      guessing(limits(request), async () => {
        const found = await findPending(db, request.params.code);
        if (!found) throw notFound('code, or it has expired or was used');
        const { ip_address: address, expires_at, ...robot } = found;
        const seconds = (from: Date, to: Date) => Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
        return {
          ...robot,
          address,
          age_s: seconds(robot.requested_at, new Date()),
          expires_in: seconds(new Date(), expires_at),
        };
      }),
  );

  app.post(
    '/pair/:code/confirm',
    {
      schema: {
        tags,
        security,
        params: schemas.CodeParams,
        body: schemas.Confirmation,
        response: replies({ 200: schemas.Confirmed }, 'unauthorized', 'not_found', 'rate_limited'),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return guessing(limits(request), () =>
        confirmPairing(db, sealKey, userActor(request), {
          code: request.params.code,
          ownerId: request.caller.id,
          name: request.body?.name,
        }),
      );
    },
  );
}

/** Wrong codes cost attempts, right ones do not; a caller out of attempts is not told even a right one. */
async function guessing<T>(limits: [Attempts, string | number][], attempt: () => Promise<T>): Promise<T> {
  for (const [attempts, key] of limits) await attempts.spend(key);
  let wrong = false;
  try {
    return await attempt();
  } catch (error) {
    wrong = error instanceof AppError && (error.code === 'not_found' || error.code === 'unauthorized');
    throw error;
  } finally {
    if (!wrong) for (const [attempts, key] of limits) await attempts.refund(key);
  }
}
