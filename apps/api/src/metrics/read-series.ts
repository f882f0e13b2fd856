import type { SeriesCatalog } from './catalog/series-catalog.ts';
import type { Aggregate, Measurement, MetricsStore, Series, SeriesQuery } from './metrics-store.ts';

/** Of the fields asked for, or all, those that the function can work on: text and booleans have only last and count. */
function aggregatable(all: Measurement[], measurement: string, wanted: string[], fn: Aggregate): string[] {
  const fields = all.find((known) => known.measurement === measurement)?.fields ?? [];
  return fields
    .filter(({ field }) => wanted.length === 0 || wanted.includes(field))
    .filter(({ type }) => (type !== 'string' && type !== 'boolean') || fn === 'last' || fn === 'count')
    .map(({ field }) => field);
}

/** @param query its fields are those asked for; none are all. @throws AppError validation_failed when the reply would be too large */
export async function readSeries(
  { store, catalog }: { store: MetricsStore; catalog: SeriesCatalog },
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<Series[]> {
  const all = await catalog.measurements(query.robotId);
  const fields = aggregatable(all, query.measurement, query.fields, query.fn);
  return fields.length > 0 ? store.series({ ...query, fields }, signal) : [];
}
