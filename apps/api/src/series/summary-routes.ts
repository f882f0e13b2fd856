import type { Static } from 'typebox';
import { cancellable } from '../db/cancellable.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { type App, IdParams, replies, security } from '../http/schemas.ts';
import { readTimeZone } from '../http/time-zone.ts';
import { isVisible, visibleRobotIds } from '../robots/index.ts';
import type { Reads } from '../stores/index.ts';
import { summarise } from './summarise.ts';
import { Summary, SummaryQuery } from './summary-schemas.ts';
import { readRange } from './time-range.ts';

const tags = ['metrics'];
const WEEK = '-7d';

const rangeOf = ({ from = WEEK, to, tz }: Static<typeof SummaryQuery>) => ({
  ...readRange({ from, to }),
  zone: readTimeZone('tz', tz ?? 'UTC'),
});

/** For signed-in users: summaries of their own robots; for administrators, of all. */
export function summaryRoutes(app: App, { db, readDb, reads }: { db: Database; readDb: Database; reads: Reads }): void {
  const summary = (robotIds: number[], range: { from: number; to: number; zone: string }) => (signal: AbortSignal) =>
    cancellable({ db, reads: readDb }, signal, (connection) => summarise(connection, robotIds, range));

  app.get(
    '/robots/:id/summary',
    {
      schema: {
        tags,
        security,
        description:
          'Daily summary from roll-ups; the last seven days by default. With `tz`, by the days of that time zone.',
        params: IdParams,
        querystring: SummaryQuery,
        response: replies({ 200: Summary }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async (request, reply) => {
      const { params, query, caller } = request;
      if (!(await isVisible(db, caller, params.id))) throw notFound('robot');
      const range = rangeOf(query);
      return reads.run(request, reply, summary([params.id], range));
    },
  );

  app.get(
    '/fleet/summary',
    {
      schema: {
        tags,
        security,
        description: 'The same for all robots the caller may see, together.',
        querystring: SummaryQuery,
        response: replies({ 200: Summary }, 'unauthorized', 'store_unavailable'),
      },
    },
    async (request, reply) => {
      const { query, caller } = request;
      const range = rangeOf(query);
      const robotIds = await visibleRobotIds(db, caller);
      return reads.run(request, reply, summary(robotIds, range));
    },
  );
}
