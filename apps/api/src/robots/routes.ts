import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { userActor } from '../accounts/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { NOTHING_KNOWN } from '../figures/index.ts';
import { type App, Empty, IdParams, Page, replies, security } from '../http/schemas.ts';
import type { MetricsStore, Reads } from '../stores/index.ts';
import { changeRobot, endToken, removeRobot, rotateToken } from './change-robots.ts';
import { latestFigures } from './latest-figures.ts';
import { NewToken, Robot, RobotChange, RobotQuery } from './schemas.ts';
import { findRobot, listRobots } from './visible-robot-store.ts';

const tags = ['robots'];

/** For signed-in users. Users see their own robots, administrators see all. */
export function robotRoutes(
  app: App,
  { db, config, store, reads, log }: { db: Database; config: Config; store: MetricsStore; reads: Reads; log: Logger },
): void {
  const { offlineAfter } = config.robots;
  const latestOf = latestFigures(store, log);

  async function withFigures<R extends { id: number; clock_skew_ms: number | null }>(
    request: FastifyRequest,
    reply: FastifyReply,
    robots: R[],
  ) {
    const latest = await reads.run(request, reply, (signal) => latestOf(robots, signal));
    return robots.map((robot) => ({ ...robot, latest: latest.get(robot.id) ?? NOTHING_KNOWN }));
  }

  async function show(request: FastifyRequest, reply: FastifyReply, id: number) {
    const robot = await findRobot(db, request.caller, offlineAfter, id);
    if (!robot) throw notFound('robot');
    return (await withFigures(request, reply, [robot]))[0];
  }

  app.get(
    '/robots',
    {
      schema: {
        tags,
        security,
        querystring: RobotQuery,
        response: replies({ 200: Page(Robot) }, 'unauthorized'),
      },
    },
    async (request, reply) => {
      const { items, next_cursor } = await listRobots(db, request.caller, offlineAfter, request.query);
      return { items: await withFigures(request, reply, items), next_cursor };
    },
  );

  app.get(
    '/robots/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 200: Robot }, 'unauthorized', 'not_found'),
      },
    },
    async (request, reply) => show(request, reply, request.params.id),
  );

  app.patch(
    '/robots/:id',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        body: RobotChange,
        response: replies({ 200: Robot }, 'unauthorized', 'forbidden', 'not_found', 'robot_pending'),
      },
    },
    async (request, reply) => {
      await changeRobot(db, userActor(request), request.caller, request.params.id, request.body);
      return show(request, reply, request.params.id);
    },
  );

  app.delete(
    '/robots/:id',
    { schema: { tags, security, params: IdParams, response: replies({ 204: Empty }, 'unauthorized', 'not_found') } },
    async (request, reply) => {
      await removeRobot(db, userActor(request), request.caller, request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/robots/:id/token',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        response: replies({ 200: NewToken }, 'unauthorized', 'not_found', 'robot_pending'),
      },
    },
    async (request) => {
      const influxdb_token = await rotateToken(db, userActor(request), request.caller, request.params.id);
      return { influxdb_token };
    },
  );

  app.post(
    '/robots/:id/end-token',
    {
      schema: {
        tags,
        security,
        description: 'For a token that was copied: no device has one afterwards, until it is paired anew.',
        params: IdParams,
        response: replies({ 204: Empty }, 'unauthorized', 'not_found', 'robot_pending'),
      },
    },
    async (request, reply) => {
      await endToken(db, userActor(request), request.caller, request.params.id);
      return reply.code(204).send(null);
    },
  );
}
