import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { userActor } from '../http/caller.ts';
import { type App, Empty, IdParams, Page, replies, security } from '../http/schemas.ts';
import { knownFigures } from '../metrics/known-figures.ts';
import type { MetricsStore } from '../metrics/metrics-store.ts';
import { changeRobot, removeRobot, rotateToken } from './change-robots.ts';
import { findRobot, listRobots, type Viewer } from './robot-store.ts';
import { type Latest, NewToken, Robot, RobotChange, RobotQuery } from './schemas.ts';

const tags = ['robots'];
export const NOTHING_KNOWN: Latest = {
  cpu_percent: null,
  memory_percent: null,
  disk_percent: null,
  temperature_c: null,
  load1: null,
  uptime_s: null,
};

/** For signed-in users; each sees own robots, an administrator all. */
export function robotRoutes(
  app: App,
  { db, config, store, log }: { db: Database; config: Config; store: MetricsStore; log: Logger },
): void {
  const { offlineAfter } = config.robots;
  const latestOf = knownFigures(store, log);

  async function show(viewer: Viewer, id: number) {
    const robot = await findRobot(db, viewer, offlineAfter, id);
    if (!robot) throw notFound('robot');
    return { ...robot, latest: (await latestOf([id])).get(id) ?? NOTHING_KNOWN };
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
    async ({ query, caller }) => {
      const { items, next_cursor } = await listRobots(db, caller, offlineAfter, query);
      const latest = await latestOf(items.map((robot) => robot.id));
      return {
        items: items.map((robot) => ({ ...robot, latest: latest.get(robot.id) ?? NOTHING_KNOWN })),
        next_cursor,
      };
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
    async ({ params, caller }) => show(caller, params.id),
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
    async (request) => {
      await changeRobot(db, userActor(request), request.caller, request.params.id, request.body);
      return show(request.caller, request.params.id);
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
}
