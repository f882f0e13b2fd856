import { api, dataOf } from '../api/client';
import type { paths } from '../api/schema';
import { robotKeys } from '../robots/queries';

type Get<Path extends '/api/robots/{id}/metrics/{measurement}' | '/api/robots/{id}/logs'> = NonNullable<
  paths[Path]['get']['parameters']['query']
>;
export type SeriesQuery = Get<'/api/robots/{id}/metrics/{measurement}'>;
export type LogQuery = Get<'/api/robots/{id}/logs'>;
type Id = number | (() => number);

/** Most start with the robot's key, so that invalidating or removing a robot includes them. */
export const metricKeys = {
  measurements: (id: Id) => [...robotKeys.one(id), 'measurements'] as const,
  newest: (id: Id, measurements: () => string[]) => [...robotKeys.one(id), 'newest', measurements] as const,
  series: (id: number, measurement: string, range: object, everySeconds: number) =>
    [...robotKeys.one(id), 'series', measurement, range, everySeconds] as const,
  states: (id: number, measurement: string, fields: string, range: object, everySeconds: number) =>
    [...robotKeys.one(id), 'states', measurement, fields, range, everySeconds] as const,
  summary: (id: () => number | undefined, zone: string) => ['summary', id, zone] as const,
};

export const fetchMeasurements = (id: number) =>
  dataOf(api.GET('/api/robots/{id}/metrics', { params: { path: { id } } }));

export const fetchSeries = (id: number, measurement: string, query: SeriesQuery) =>
  dataOf(api.GET('/api/robots/{id}/metrics/{measurement}', { params: { path: { id, measurement }, query } }));

export const fetchLogs = (id: number, query: LogQuery) =>
  dataOf(api.GET('/api/robots/{id}/logs', { params: { path: { id }, query } }));

/** A summary of one robot, or without `id` of every robot the person may see. @param query.tz IANA name */
export const fetchSummary = (id: number | undefined, query: { from: string; tz: string }) =>
  id === undefined
    ? dataOf(api.GET('/api/fleet/summary', { params: { query } }))
    : dataOf(api.GET('/api/robots/{id}/summary', { params: { path: { id }, query } }));
