import type { FastifyRequest } from 'fastify';
import { robotActor, userActor } from '../accounts/index.ts';
import type { AuditSampler } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { addressOf, networkOf } from '../http/address.ts';
import type { Attempts } from '../http/attempts.ts';
import { bearer } from '../http/bearer.ts';
import { type App, IdParams, replies, security } from '../http/schemas.ts';
import { undoReplacement } from '../robots/index.ts';
import { confirmPairing } from './confirm-pairing.ts';
import { guessing, type PairingAttempts } from './guessing.ts';
import { findPending, moveCode } from './pair-code-store.ts';
import { holdsPollToken, pollPairing } from './poll-pairing.ts';
import { requestPairing } from './request-pairing.ts';
import * as schemas from './schemas.ts';

const tags = ['pairing'];

export interface PairingDeps {
  db: Database;
  config: Config;
  sealKey: Buffer;
  pairingAttempts: PairingAttempts;
  auditSampler: AuditSampler;
}

/** For robots that have no token yet. */
export function robotPairingRoutes(app: App, deps: PairingDeps): void {
  const { db, config, sealKey, pairingAttempts } = deps;
  app.post(
    '/pair',
    {
      schema: {
        tags,
        body: schemas.PairRequest,
        response: replies({ 201: schemas.PairRequested }, 'code_in_use', 'rate_limited'),
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
      const { code } = request.params;
      const pollToken = bearer(request.headers.authorization);
      const poll = () => pollPairing(db, config, sealKey, code, pollToken);
      if (await holdsPollToken(db, code, pollToken)) return poll();
      const limits: [Attempts, string][] = [
        [pairingAttempts.address, networkOf(addressOf(request))],
        [pairingAttempts.anybody, 'all'],
      ];
      return guessing(deps, robotActor(request, null, null), limits, poll);
    },
  );
}

/** For owners. */
export function ownerPairingRoutes(app: App, deps: PairingDeps): void {
  const { db, sealKey, pairingAttempts } = deps;
  const limits = (request: FastifyRequest): [Attempts, string | number][] => [
    [pairingAttempts.user, request.caller.id],
    [pairingAttempts.address, networkOf(addressOf(request))],
    [pairingAttempts.users, 'all'],
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
      guessing(deps, userActor(request), limits(request), async () => {
        const found = await findPending(db, request.params.code);
        if (!found) throw notFound('code, or it has expired or has been used');
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
        response: replies({ 200: schemas.Confirmed }, 'unauthorized', 'not_found', 'robot_pending', 'rate_limited'),
      },
    },
    async (request) => {
      const confirmation = { ...request.params, ...request.body };
      return guessing(deps, userActor(request), limits(request), () =>
        confirmPairing(db, sealKey, userActor(request), request.caller, confirmation),
      );
    },
  );

  app.post(
    '/robots/:id/undo-replacement',
    {
      schema: {
        tags: ['robots'],
        security,
        description:
          'Within a day: the former hardware and its token are back, the newer hardware becomes a robot of its own.',
        params: IdParams,
        response: replies({ 200: schemas.Undone }, 'unauthorized', 'not_found'),
      },
    },
    async (request) => {
      const { id } = request.params;
      const new_robot_id = await undoReplacement(db, userActor(request), request.caller, id, moveCode);
      return { robot_id: id, new_robot_id };
    },
  );
}
