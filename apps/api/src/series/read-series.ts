import type { SeriesCatalog } from '../catalog/index.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { FieldType } from '../figures/index.ts';
import { readRolledSeries } from '../rollups/index.ts';
import type { Aggregate, Measurement, MetricsStore, Series, SeriesQuery } from '../stores/index.ts';

const isState = (type: FieldType) => type === 'string' || type === 'boolean';

/**
 * The requested fields, or all, that the function supports: booleans and strings support only `last`.
 * @throws AppError validation_failed when an unsupported field was requested by name
 */
function aggregatable(all: Measurement[], measurement: string, wanted: string[], fn: Aggregate): string[] {
  const known = all.find((one) => one.measurement === measurement)?.fields ?? [];
  const fields = known.filter(({ field }) => wanted.length === 0 || wanted.includes(field));
  const states = fields.filter(({ type }) => isState(type));
  if (fn === 'last' || states.length === 0) return fields.map(({ field }) => field);
  if (wanted.length > 0) {
    const [{ field, type }] = states as [(typeof states)[number]];
    throw new AppError(
      'validation_failed',
      `"${field}" is a ${type}: ${fn} works on numbers only. Ask for it with fn=last.`,
    );
  }
  return fields.filter((field) => !states.includes(field)).map(({ field }) => field);
}

export interface SeriesDeps {
  db: Database;
  store: MetricsStore;
  catalog: SeriesCatalog;
  /** How long points are kept, seconds. */
  retention: number;
}

const HOUR_S = 3600;

/**
 * Windows of whole hours are read from roll-ups. @param query no fields means all.
 * @throws AppError validation_failed when `fn` does not fit or the reply is too large
 */
export async function readSeries(
  { db, store, catalog, retention }: SeriesDeps,
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<Series[]> {
  if (query.times === 'sample' && query.fn !== 'last')
    throw new AppError(
      'validation_failed',
      'times=sample works with fn=last only: other aggregates have no single time.',
    );
  const all = await catalog.measurements(query.robotId);
  const fields = aggregatable(all, query.measurement, query.fields, query.fn);
  if (fields.length === 0) return [];
  if (query.everySeconds % HOUR_S !== 0) return store.series({ ...query, fields }, signal);
  const types = all.find(({ measurement }) => measurement === query.measurement)?.fields ?? [];
  const states = new Set(types.filter(({ type }) => isState(type)).map(({ field }) => field));
  const [numbers, others] = [fields.filter((field) => !states.has(field)), fields.filter((field) => states.has(field))];
  const parts = await Promise.all([
    numbers.length > 0 ? readRolledSeries({ db, store, retention }, { ...query, fields: numbers }, signal) : [],
    others.length > 0 ? store.series({ ...query, fields: others }, signal) : [],
  ]);
  return parts.flat();
}
