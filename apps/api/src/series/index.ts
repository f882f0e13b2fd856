export { readSeries, type SeriesDeps } from './read-series.ts';
export { readRange } from './time-range.ts';
