import type { SeriesCatalog } from '../catalog/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { notFound } from '../errors.ts';
import { emptyTrend, selectorsOf, TREND_NAMES, trendsOf } from '../figures/index.ts';
import { type App, IdParams, replies, security } from '../http/schemas.ts';
import { isVisible, type Viewer, visibleIds } from '../robots/index.ts';
import type { MetricsStore, Reads, SeriesQuery } from '../stores/index.ts';
import { readSeries } from './read-series.ts';
import * as schemas from './schemas.ts';
import { readEvery, readRange } from './time-range.ts';

const tags = ['metrics'];
const TREND_WINDOWS = 60;
const TREND_WINDOW_S = 60;

interface SeriesRoutesDeps {
  db: Database;
  config: Config;
  store: MetricsStore;
  catalog: SeriesCatalog;
  reads: Reads;
}

/** For signed-in users; every route checks who owns the robot. */
export function seriesRoutes(app: App, { db, config, store, catalog, reads }: SeriesRoutesDeps): void {
  async function mustSee(viewer: Viewer, robotId: number): Promise<void> {
    if (!(await isVisible(db, viewer, robotId))) throw notFound('robot');
  }
  const list = (text: string | undefined) =>
    (text ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);

  app.get(
    '/robots/trends',
    {
      schema: {
        tags,
        security,
        description: 'The last hour of many robots, minute by minute. Robots the caller may not see are absent.',
        querystring: schemas.TrendsQuery,
        response: replies({ 200: schemas.Trends }, 'unauthorized', 'store_unavailable'),
      },
    },
    async (request, reply) => {
      const { query, caller } = request;
      const ids = await visibleIds(db, caller, list(query.ids).map(Number));
      const every = TREND_WINDOW_S * 1000;
      const to = (Math.floor(Date.now() / every) + 1) * every;
      const from = to - TREND_WINDOWS * every;
      const asked = { robotIds: ids, selectors: selectorsOf(TREND_NAMES), from, to, everySeconds: TREND_WINDOW_S };
      const trends = trendsOf(await reads.run(request, reply, (signal) => store.means(asked, signal)), TREND_WINDOWS);
      const window = { from: new Date(from).toISOString(), every_s: TREND_WINDOW_S };
      return {
        items: ids.map((id) => ({ robot_id: id, ...window, ...(trends.get(id) ?? emptyTrend(TREND_WINDOWS)) })),
      };
    },
  );

  app.get(
    '/robots/:id/metrics',
    {
      schema: {
        tags,
        security,
        description: 'Measurements the robot has sent, with their fields and types.',
        params: IdParams,
        response: replies({ 200: schemas.Measurements }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async ({ params, caller }) => {
      await mustSee(caller, params.id);
      const all = await catalog.measurements(params.id);
      return { items: all.filter(({ measurement }) => measurement !== 'syslog') };
    },
  );

  app.get(
    '/robots/:id/metrics/:measurement',
    {
      schema: {
        tags,
        security,
        params: schemas.SeriesParams,
        querystring: schemas.SeriesQuery,
        response: replies({ 200: schemas.SeriesReply }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async (request, reply) => {
      const { params, query, caller } = request;
      await mustSee(caller, params.id);
      const range = readRange(query);
      const everySeconds = readEvery(query.every, range);
      const { measurement } = params;
      const { fn = 'mean', times } = query;
      // A field's name may end in white space.
      const fields = [...new Set([...list(query.fields), ...(query.fields?.split(',') ?? [])])].filter(Boolean);
      const asked: SeriesQuery = { robotId: params.id, measurement, fields, ...range, everySeconds, fn, times };
      const series = await reads.run(request, reply, (signal) =>
        readSeries({ db, store, catalog, retention: config.metrics.retention }, asked, signal),
      );
      return {
        measurement,
        from: new Date(range.from).toISOString(),
        to: new Date(range.to).toISOString(),
        every_s: everySeconds,
        series,
      };
    },
  );

  app.get(
    '/robots/:id/logs',
    {
      schema: {
        tags,
        security,
        params: IdParams,
        querystring: schemas.LogQuery,
        response: replies({ 200: schemas.Logs }, 'unauthorized', 'not_found', 'store_unavailable'),
      },
    },
    async (request, reply) => {
      const { params, query, caller } = request;
      await mustSee(caller, params.id);
      const { level, from, to, limit = 100, ...filter } = query;
      const asked = { ...filter, ...readRange({ from: from ?? '-1d', to }), level: list(level), limit };
      return reads.run(request, reply, (signal) => store.logs({ robotId: params.id, ...asked }, signal));
    },
  );
}
